// Engine: passes on what the world reports to the loops that keep views of it, and runs the one whose key is due.
//
// The same in every world. It owns its thread: all calls come on one, as do the answers of the Api, and none blocks.
// Time comes from the world's clock.
#pragma once

#include <optional>

#include "engine/job_loop.h"
#include "engine/jobset_loop.h"
#include "engine/loop_context.h"
#include "engine/overdue_loop.h"
#include "engine/placement_loop.h"
#include "engine/pod_index.h"
#include "world/watcher.h"

namespace reprieve::engine {

struct EngineOptions {
  // How long events of pods are gathered before their Job is looked at (upstream: 1 s).
  Nanoseconds batch_period = Seconds(1);
  // What is reported of a kind is newer than all before it. Otherwise SeenUpTo says how far the watches are.
  bool in_order = true;
  // Writes that may be without an answer at once; the others wait as values, not as requests.
  std::size_t max_requests = world::PlanRunner::kMaxRequests;
  controllers::ReconcileOptions reconcile;
  JobSetOptions jobsets;
};

class Engine final : public world::Watcher {
 public:
  // All must outlive the engine.
  Engine(world::Api& api, const world::Clock& clock, world::Ledger& ledger, EngineOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet& jobset) override;
  void ServiceChanged(const core::Service& service) override;
  void ServiceDeleted(const core::Service& service) override;
  void ClaimChanged(const core::PersistentVolumeClaim& claim) override;
  void ClaimDeleted(const core::PersistentVolumeClaim& claim) override;
  void NodeChanged(const core::Node& node) override;

  // Lists of all kinds have been reported whole, as of `version`: nothing older is missing, and a pod's Job that
  // is not known now does not exist.
  void ListsComplete(meta::ResourceVersion version);
  // Of each kind all has been reported up to that version, though the last of it may be older.
  void SeenUpTo(const world::Versions& versions) { context_.seen.Raise(versions); }

  // Reconciles one key that is due; false if none is.
  bool RunOne();

  // For who only watches: what a pass would decide now. Nothing is handed over, and nothing recorded. Nothing: there
  // is no such object, it has ended, or the lists are not complete.
  std::optional<controllers::JobDecision> DecideJob(const meta::Uid& job) { return jobs_.Decide(job); }
  std::optional<controllers::JobSetDecision> DecideJobSet(const meta::Uid& jobset) { return jobsets_.Decide(jobset); }
  // Takes the next key that is due, instead of RunOne; nothing if none is.
  std::optional<WorkKey> TakeDue();
  // REQUIRES: a key of a Job or JobSet.
  void LookAgain(const WorkKey& key, Time when);

  // When the next is due; nothing if none is.
  std::optional<Time> NextDue() { return context_.queue.NextDue(); }
  // Plans that wait for answers of the Api.
  std::size_t plans_in_flight() const { return plans_.in_flight(); }
  const JobSetCounters& jobset_counters() const { return jobsets_.counters(); }
  const JobCounters& job_counters() const { return jobs_.counters(); }
  const WorkQueue& queue() const { return context_.queue; }
  std::uint64_t stale_passes_by_pods() const { return context_.stale_pods; }
  std::uint64_t stale_passes_by_others() const { return context_.stale_others; }
  // Of Jobs or JobSets; others have no passes that wait for answers.
  PassTimes UnfinishedPasses(WorkKind kind) const;

 private:
  void See(meta::ResourceVersion& newest, const meta::ObjectMeta& metadata) const;

  const bool in_order_;
  world::PlanRunner plans_;
  LoopContext context_;
  PodIndex pods_;
  JobSetLoop jobsets_;
  JobLoop jobs_;
  PlacementLoop placement_;
  OverdueLoop overdue_;
};

}  // namespace reprieve::engine
