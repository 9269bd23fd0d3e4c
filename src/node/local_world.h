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
#include "kubelet/machine_rights.h"
#include "node/janitor.h"
#include "node/machine.h"
#include "node/pod_addresses.h"
#include "node/this_machine.h"
#include "runtime/docker/docker_runtime.h"
#include "runtime/docker/engine_client.h"
#include "runtime/docker/engine_network.h"
#include "runtime/docker/engine_socket.h"
#include "runtime/docker/image_store.h"
#include "runtime/engine_folder.h"
#include "runtime/pod_network.h"
#include "runtime/runtime_pair.h"
#include "runtime/supervisor.h"
#include "store/store.h"
#include "world/ledger.h"
#include "world/local_clock.h"

namespace reprieve::node {

// Which pods have a network of their own: none; those with names; or all except those with hostNetwork.
enum class Networks : std::uint8_t { kMachine, kOwnForNames, kOwn };

// Where containers run: in their images if there is an engine, as programs of this machine, or in images or not at all.
enum class RuntimeChoice : std::uint8_t { kAuto, kSandbox, kDocker };

struct LocalWorldOptions {
  // Logs and volumes; created if missing.
  std::string state_directory;
  // Determines names and UIDs; absent: random.
  std::optional<std::uint64_t> seed;
  NodeOptions nodes;
  // The working directory of containers that don't set one; absent: the one in which Reprieve was started.
  std::optional<std::string> working_directory;
  engine::EngineOptions engine = {.batch_period = std::chrono::milliseconds(1), .reconcile = {}, .jobsets = {}};
  runtime::ProbeOptions probe;
  RuntimeChoice runtime = RuntimeChoice::kSandbox;
  // Of the container engine, if not kSandbox.
  runtime::docker::EngineSocketOptions engine_socket = {};
  runtime::CriLogLimits log;
  std::size_t max_starting = 32;
  // The first wait of a container in a crash loop.
  Nanoseconds restart_backoff = kubelet::PodWorker::kUsualBackoff;
  // How long a pod may wait for an image; absent: as long as it takes.
  std::optional<Nanoseconds> pull_timeout;
  // What happens to images and to pods because of them, on the engine's thread; may be empty.
  std::function<void(const kubelet::ImageEvent&)> image_event;
  std::function<void(const PodEvent&)> pod_event;
  // Called on the engine's thread: notices for people, and each line of every container's output (empty: not wanted).
  std::function<void(const std::string&)> notice;
  std::function<void(const PodOutput&)> output;
  std::function<void(const world::Incident&, const world::IncidentOutcome&)> incident_applied;
};

class LocalWorld {
 public:
  // Prepare, then Start.
  static Result<std::unique_ptr<LocalWorld>> Open(LocalWorldOptions options);
  // A world that can tell what could run here, without having changed anything yet. An error: the options are wrong.
  static Result<std::unique_ptr<LocalWorld>> Prepare(LocalWorldOptions options);
  // Looks for the container engine, by which it is decided what runs in an image; call it before WhyNotRunnable. An
  // error: there is none, and it was asked for.
  Status FindEngine();
  // Null pointer: there is none, or none is to be used, and WhyNoEngine says why. Lives as long as the world.
  runtime::docker::EngineClient* engine_client() { return engine_client_.get(); }
  const std::string& WhyNoEngine() const { return why_no_engine_; }
  // Whether there will be pods in images, and such that are processes. Call before Start.
  void set_uses(bool images, bool processes) {
    uses_images_ = images;
    uses_processes_ = processes;
  }
  // What Start would fail for, and WhyNoNetworks, as far as they can be found without touching anything.
  Status CheckStart();
  // Creates folders and starts the runtime. An error: it can't run on this machine. Call it once, before machine() and
  // before anything gets into the store except through the functions below.
  Status Start();
  // Call before Start. If the machine does not allow it, pods share the machine's network, and WhyNoNetworks says why.
  void set_networks(Networks networks) { networks_ = networks; }
  // Empty: pods have the networks that were asked for.
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
  // A Service or a claim of the manifests; watchers are notified of it when the world starts.
  void Add(core::Service service);
  void Add(core::PersistentVolumeClaim claim);
  // Fill these before the first Job is added.
  kubelet::Settings& settings() { return settings_; }
  const kubelet::Settings& settings() const { return settings_; }
  kubelet::ImageMap& images() { return images_; }
  const kubelet::ImageMap& images() const { return images_; }
  Machine& machine() { return *machine_; }
  const Machine& machine() const { return *machine_; }
  // Which isolation containers get here, and why not more; for people.
  std::string Describe() const;
  std::string DescribeNetwork() const;

  // Where containers work that name no directory.
  std::string WorkingDirectory() const;
  // What this machine and user allow.
  kubelet::MachineRights Rights() const;
  // Everything for which pods of this spec could never run here, one clear sentence each, but for what the machine has
  // no place for; ask before adding the Job.
  std::vector<std::string> WhyNotRunnable(const core::PodSpec& spec, const std::string& name_space) const;

  // Returns once `done` is true; it is checked after every event and after each Wake.
  void RunUntil(const std::function<bool()>& done);
  // Stops the controllers; every process gets SIGTERM and, after `grace`, SIGKILL. Returns when no process is left.
  // Once `hurry` (checked after each Wake) is true, the rest is killed at once.
  void End(Nanoseconds grace, const std::function<bool()>& hurry = {});
  void Wake() noexcept;
  // Ends the machine and what still runs, removes all that was made for pods, and says what is left of it: processes,
  // cgroups, mounts, folders. Only the destructor, the store, the clock and the counters may be used afterwards.
  std::vector<std::string> CleanUp();

 private:
  explicit LocalWorld(LocalWorldOptions options);
  // Empty: whether containers of these capabilities get networks depends on the kernel alone.
  std::string WhyNoNetworksWith(const runtime::Capabilities& can) const;
  Status StartImageRuntime();
  void OpenNetwork();
  std::optional<PodAddressOptions::Networks> NetworksOfPods();
  void OpenNamesLibrary();
  void TellLastNotices();
  bool PodsHaveHostsFiles() const;
  bool DoRound();
  void Sleep();

  LocalWorldOptions options_;
  mutable runtime::CapabilityProbe probe_;
  world::LocalClock clock_;
  store::Store store_;
  world::Ledger ledger_;
  engine::Engine engine_;
  kubelet::Settings settings_;
  kubelet::ImageMap images_;
  std::vector<scheduler::Node> nodes_;
  // From the manifests, until the world has started.
  std::vector<core::Service> services_;
  std::vector<core::PersistentVolumeClaim> claims_;
  runtime::Fd wake_;
  kubelet::RuntimeInbox inbox_;
  Janitor janitor_;
  // Folders that are removed with this world; the first is on a tmpfs, or none.
  runtime::EngineFolder memory_folder_;
  runtime::EngineFolder volume_folder_;
  runtime::EngineFolder names_folder_;  // for the library
  std::string names_library_;
  Networks networks_ = Networks::kMachine;
  std::string why_no_networks_;
  std::unique_ptr<runtime::PodNetwork> network_;
  // Outlives what uses it.
  std::unique_ptr<runtime::docker::EngineClient> engine_client_;
  std::string why_no_engine_;
  bool uses_images_ = false;
  bool uses_processes_ = true;
  std::unique_ptr<runtime::Supervisor> runtime_;
  std::unique_ptr<runtime::docker::DockerRuntime> image_runtime_;
  std::unique_ptr<runtime::docker::EngineNetwork> engine_network_;
  std::optional<runtime::docker::ImageStore> image_store_;
  std::optional<runtime::RuntimePair> runtimes_;
  std::unique_ptr<Machine> machine_;
  bool ending_ = false;
};

}  // namespace reprieve::node
