// ClusterWorld: Jobs and JobSets of a Kubernetes cluster: watches, caches, the engine with its controllers, and the
// writes that go back.
//
// The watches begin at once, so that who waits for the Lease knows everything when it gets it. The engine exists only
// while this process leads; it is told of what the caches hold, and works once everything has been listed.
//
// It is reprieve's own Jobs (spec.managedBy) and all JobSets that are upstream's or name no manager: garbage, the TTL
// of Jobs and orphaned pods are left to kube-controller-manager. Pods of other Jobs are not kept.
//
// As a shadow it stands beside the controllers of the cluster, takes no Lease, writes nothing, and says where it would
// have decided otherwise (shadow.h).
//
// Thread rules: the loop's. Nothing in it blocks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/histogram.h"
#include "kube/cache.h"
#include "kube/cluster_api.h"
#include "kube/decode.h"
#include "kube/leader.h"
#include "kube/leader_pods.h"
#include "kube/missing_rights.h"
#include "kube/recorder.h"
#include "kube/reflector.h"
#include "kube/rest.h"
#include "kube/restart_times.h"
#include "kube/sequencer.h"
#include "kube/shadow.h"
#include "net/loop.h"
#include "world/ledger.h"

namespace reprieve::kube {

// spec.managedBy of the Jobs that are ours.
inline constexpr std::string_view kJobManager = "reprieve.dev/job-controller";
// Upstream's JobSet controller has it, too: so the two never write at once (spec/jobset.md 5.2).
inline constexpr std::string_view kLeaseName = "6d4f6a47.jobset.x-k8s.io";

enum class Level : std::uint8_t { kInfo, kWarning, kError };

struct ClusterWorldOptions {
  std::string namespace_;  // only this one; empty: all
  model::FeatureGates gates;
  // Upstream's, and what Jobs wait after the first failure; events of pods are gathered no longer than that.
  Nanoseconds backoff = Seconds(10);
  std::optional<LeaderOptions> leader;  // absent: there is no other
  std::string instance;                 // who reports events
  bool verdict_events = true;
  bool shadow = false;  // then `leader` is absent
  std::function<void(Level, const std::string& message)> log;
  // With the time of the failure that is judged, if it is known.
  std::function<void(const world::Verdict&, std::optional<Time> failed_at)> verdict;
  std::function<void(const ShadowReport&)> compared;  // as a shadow
  // This process may not go on: it does not lead any more.
  std::function<void(const std::string& why)> lost;
};

class ClusterWorld {
 public:
  // All must outlive it.
  ClusterWorld(Rest& rest, ClusterWorldOptions options);
  ClusterWorld(const ClusterWorld&) = delete;
  ClusterWorld& operator=(const ClusterWorld&) = delete;
  ~ClusterWorld();

  void Start();
  // Begins nothing new, waits for the plans in flight (at most `grace`), gives the Lease up, and calls `done`.
  void Drain(Nanoseconds grace, std::function<void()> done);

  // Everything has been listed.
  bool synced() const;
  bool leads() const { return engine_ != nullptr && !options_.shadow; }
  // Why it is not synced, for people: what each watch lacks; empty: it is.
  std::string WhyNotSynced() const;

  struct Kind {
    std::string_view name;
    const Reflector* reflector;
    std::size_t objects;
  };
  // For metrics.
  std::vector<Kind> kinds() const;
  // Null pointer: it has never led.
  const ClusterApi* api() const { return api_.get(); }
  // Null pointer: it does not lead.
  const engine::Engine* engine() const { return engine_.get(); }
  // Null pointer: there is none to hold.
  const LeaderOptions* lease() const { return options_.leader ? &*options_.leader : nullptr; }
  std::uint64_t lease_failures() const { return leader_ ? leader_->failures() : 0; }
  // In seconds.
  const Histogram& restart_times() const { return restart_seconds_; }
  // For webhooks, which every replica serves.
  const LeaderPods& leader_pods() const { return leader_pods_; }
  const Cache<core::Node>& nodes() const { return nodes_; }
  // Null pointer: it is none.
  const Shadow* shadow() const { return shadow_.get(); }
  std::uint64_t events_dropped() const { return recorder_.dropped(); }

 private:
  class Watchers;

  void Lead();
  bool Concerns(const core::Pod& pod) const;
  template <class T>
  ReflectorSink& SinkOf(Cache<T>& cache);
  std::string_view JobManager() const { return options_.shadow ? batch::kBuiltInController : kJobManager; }
  void Wake();
  void Pump();
  void AwaitDue(std::optional<Time> due);
  void Told();
  void Judged(const world::Verdict& verdict);
  std::optional<Time> FailedAt(const world::Verdict& verdict) const;
  void AwaitDrained();
  std::string PathOf(std::string_view group, std::string_view resource) const;
  ReflectorOptions Watching(std::string_view group, std::string_view resource);

  Rest& rest_;
  const ClusterWorldOptions options_;
  Decoder decoder_;
  Cache<jobset::JobSet> jobsets_;
  Cache<core::Service> services_;
  Cache<core::PersistentVolumeClaim> claims_;
  Cache<batch::Job> jobs_;
  Cache<core::Pod> pods_;
  Cache<core::Node> nodes_;
  LeaderPods leader_pods_;
  std::optional<Sequencer> sequencer_;  // of a shadow
  Reflector watch_jobsets_, watch_services_, watch_claims_, watch_jobs_, watch_pods_;
  std::optional<Reflector> watch_nodes_;  // not where only one namespace is ours
  MissingRights rights_;
  Recorder recorder_;
  world::Ledger ledger_;
  Histogram restart_seconds_{kReactionBounds};
  RestartTimes restarts_;
  std::unique_ptr<ClusterApi> api_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Watchers> watchers_;
  std::unique_ptr<Shadow> shadow_;
  std::unique_ptr<Leader> leader_;
  net::Timer due_;
  std::optional<Time> due_at_;  // what it waits for
  bool pods_begun_ = false;     // their watch
  bool pump_posted_ = false;
  bool complete_ = false;  // the engine knows that everything has been listed
  bool draining_ = false;
  std::optional<Time> drain_until_;
  std::function<void()> drained_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::kube
