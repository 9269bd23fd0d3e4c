// LocalWorld: Jobs on this machine: a clock, a store, the engine with its controllers, and the machine that runs pods.
//
//   auto world = LocalWorld::Prepare(options);
//   (*world)->settings().Add(config_map);  (*world)->images().Add("trainer=python3 train.py");
//   for (problem : (*world)->WhyNotRunnable(template_spec, namespace)) refuse;
//   (*world)->Start();
//   const batch::Job& job = (*world)->store().AddJob(admitted);
//   (*world)->RunUntil([&] { return job.status.IsFinished() || interrupted; });
//   (*world)->End(30s);
//
// Thread rules: one owner, whose thread is the engine's; Wake alone may be called from any thread and from a signal
// handler. Nothing is polled: RunUntil sleeps until something happens or is due.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "node/janitor.h"
#include "node/local_clock.h"
#include "node/machine.h"
#include "node/this_machine.h"
#include "runtime/pod_network.h"
#include "runtime/supervisor.h"
#include "store/store.h"
#include "world/ledger.h"

namespace reprieve::node {

// Which network pods have: this machine's; one of their own if they have names; or all of them but for hostNetwork.
enum class Networks : std::uint8_t { kMachine, kOwnForNames, kOwn };

struct LocalWorldOptions {
  // Logs and volumes; made if missing.
  std::string state_directory;
  // Names and UIDs follow from it; absent: random.
  std::optional<std::uint64_t> seed;
  NodeOptions nodes;
  // Where containers work that name no directory; absent: where Reprieve was started, as if that were the image's.
  std::optional<std::string> working_directory;
  engine::EngineOptions engine = {.batch_period = std::chrono::milliseconds(1), .reconcile = {}, .jobsets = {}};
  runtime::ProbeOptions probe;
  runtime::CriLogLimits log;
  std::size_t max_starting = 32;
  // The first wait of a container that fails again and again.
  Nanoseconds restart_backoff = kubelet::PodWorker::kUsualBackoff;
  // Called on the engine's thread. What a person should know; each line of every container's output (empty: not
  // wanted).
  std::function<void(const std::string&)> notice;
  std::function<void(const PodOutput&)> output;
  std::function<void(const world::Incident&, const world::IncidentOutcome&)> incident_applied;
};

class LocalWorld {
 public:
  // Prepare, then Start.
  static Result<std::unique_ptr<LocalWorld>> Open(LocalWorldOptions options);
  // A world that can be asked whether things could run here, and has touched nothing. An error: the options are wrong.
  static Result<std::unique_ptr<LocalWorld>> Prepare(LocalWorldOptions options);
  // Makes folders and starts the runtime. An error: it can't run on this machine. Once, before the store gets anything
  // but through the functions below, and before all that asks for the machine.
  Status Start();
  // What pods are to have, said before the start; where that cannot be they have this machine's, and WhyNoNetworks says
  // why.
  void set_networks(Networks networks) { networks_ = networks; }
  // Empty: they have what was wished for.
  const std::string& WhyNoNetworks() const { return why_no_networks_; }
  // Why pods are found by address only, once the world has started; empty: they are found by name.
  std::string WhyNoNames() const;
  LocalWorld(const LocalWorld&) = delete;
  LocalWorld& operator=(const LocalWorld&) = delete;
  // Kills what still runs.
  ~LocalWorld();

  store::Store& store() { return store_; }
  const world::Clock& clock() const { return clock_; }
  world::Ledger& ledger() { return ledger_; }
  const std::vector<scheduler::Node>& nodes() const { return nodes_; }
  const engine::JobSetCounters& jobset_counters() const { return engine_.jobset_counters(); }
  // A Service or a claim of the manifests; its watchers hear of it once the world has started.
  void Add(core::Service service);
  void Add(core::PersistentVolumeClaim claim);
  // To be filled before the first Job is added.
  kubelet::Settings& settings() { return settings_; }
  kubelet::ImageMap& images() { return images_; }
  Machine& machine() { return *machine_; }
  const Machine& machine() const { return *machine_; }
  // What containers get here and why not more, for people.
  std::string Describe() const;
  std::string DescribeNetwork() const;

  // Everything for which pods of this spec could never run here, one clear sentence each; ask before adding the Job.
  std::vector<std::string> WhyNotRunnable(const core::PodSpec& spec, const std::string& name_space) const;

  // Returns once `done`, which is asked after everything that happens and after each Wake.
  void RunUntil(const std::function<bool()>& done);
  // Controllers decide no more, every process gets SIGTERM and, after `grace`, SIGKILL. Returns when none is left, or
  // when `hurry` (asked after each Wake) has become true and what was left has been killed.
  void End(Nanoseconds grace, const std::function<bool()>& hurry = {});
  void Wake() noexcept;

 private:
  explicit LocalWorld(LocalWorldOptions options);
  void OpenNetwork();
  void OpenNamesLibrary();
  bool PodsHaveHostsFiles() const;
  bool DoRound();
  void Sleep();

  LocalWorldOptions options_;
  LocalClock clock_;
  store::Store store_;
  world::Ledger ledger_;
  engine::Engine engine_;
  kubelet::Settings settings_;
  kubelet::ImageMap images_;
  std::vector<scheduler::Node> nodes_;
  // Of the manifests, until the world has started.
  std::vector<core::Service> services_;
  std::vector<core::PersistentVolumeClaim> claims_;
  runtime::Fd wake_;
  kubelet::RuntimeInbox inbox_;
  Janitor janitor_;
  // Directories of this world's own, the first on a tmpfs if there is one: what must not outlive it.
  std::string memory_directory_;
  std::string volume_directory_;
  std::string names_directory_;  // for the library
  std::string names_library_;
  Networks networks_ = Networks::kMachine;
  std::string why_no_networks_;
  std::unique_ptr<runtime::PodNetwork> network_;
  std::unique_ptr<runtime::Supervisor> runtime_;
  std::unique_ptr<Machine> machine_;
  bool ending_ = false;
};

}  // namespace reprieve::node
