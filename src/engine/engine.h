// Engine: keeps the views from what the world reports, and hands plans to the world when something is due.
//
// The same in every world. It owns its thread: all calls come on one, and none blocks. It reads the world's clock, and
// holds nothing that a restart would miss except back-off records (spec/job.md 2.3).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/slots.h"
#include "controllers/job/reconcile.h"
#include "controllers/job/view.h"
#include "engine/jobset_loop.h"
#include "engine/overdue_loop.h"
#include "engine/placement_loop.h"
#include "engine/work_queue.h"
#include "world/api.h"
#include "world/clock.h"
#include "world/ledger.h"
#include "world/plan.h"
#include "world/watcher.h"

namespace reprieve::engine {

struct EngineOptions {
  // How long events of pods are gathered before their Job is looked at (upstream: 1 s).
  Nanoseconds batch_period = Seconds(1);
  // After a failed write: the first wait, doubling up to the second.
  Nanoseconds retry_base = Seconds(1);
  Nanoseconds retry_cap = Seconds(60);
  controllers::ReconcileOptions reconcile;
  JobSetOptions jobsets;
};

class Engine final : public world::Watcher {
 public:
  // All must outlive the engine.
  Engine(world::Api& api, const world::Clock& clock, world::Ledger& ledger, EngineOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() override;

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override {
    overdue_.JobSetChanged(jobset);
    jobsets_.JobSetChanged(jobset);
  }
  void JobSetDeleted(const jobset::JobSet& jobset) override {
    overdue_.JobSetDeleted(jobset);
    jobsets_.JobSetDeleted(jobset);
  }
  void ServiceChanged(const core::Service& service) override { jobsets_.ServiceChanged(service); }
  void ServiceDeleted(const core::Service& service) override { jobsets_.ServiceDeleted(service); }
  void ClaimChanged(const core::PersistentVolumeClaim& claim) override { jobsets_.ClaimChanged(claim); }
  void ClaimDeleted(const core::PersistentVolumeClaim& claim) override { jobsets_.ClaimDeleted(claim); }
  void NodeChanged(const core::Node& node) override;

  // Lists of all kinds have been reported whole, as of `version`: nothing older is missing, and a pod's Job that
  // is not known now does not exist.
  void ListsComplete(meta::ResourceVersion version);

  // Reconciles one Job or JobSet that is due; false if none is.
  bool RunOne();
  // When the next is due; nothing if none is.
  std::optional<Time> NextDue() { return queue_.NextDue(); }
  const JobSetCounters& jobset_counters() const { return jobsets_.counters(); }

 private:
  struct JobState;

  JobState& StateOf(const meta::Uid& uid);
  void Enqueue(const meta::Uid& uid, Nanoseconds delay);
  void Enqueue(JobState& state, Nanoseconds delay);
  // Finds the Job of a pod that is new or has changed hands.
  JobState* ChangeOwner(const core::Pod& pod);
  void Reconcile(const meta::Uid& uid, JobState& state);
  bool CachesAreBehind(const JobState& state) const;
  std::vector<const core::Pod*> OrphansFor(const batch::Job& job) const;
  void EnqueueMatching(const core::Pod& orphan);
  void ReleaseOrphans();
  bool ApplyPlan(const meta::Uid& uid, JobState& state, world::Plan& plan, world::PlanReport* report);
  void Retry(const meta::Uid& uid, JobState& state, world::WriteCode failure);
  void DropIfEmpty(const meta::Uid& uid, const JobState& state);

  world::Api& api_;
  const world::Clock& clock_;
  world::Ledger& ledger_;
  const EngineOptions options_;
  WorkQueue queue_;
  JobSetLoop jobsets_;
  PlacementLoop placement_;
  OverdueLoop overdue_;
  std::unordered_map<meta::Uid, std::unique_ptr<JobState>> jobs_;  // by UID
  struct Owned {
    JobState* state = nullptr;
    const void* owners = nullptr;  // the list of owners that said so
    bool of_jobset = false;        // it carries a JobSet's name
  };
  SlotMap<Owned> owner_of_;                       // the Job of each pod; a null pointer if it has none
  std::unordered_set<const core::Pod*> orphans_;  // pods that nothing controls
  bool lists_complete_ = false;
  meta::ResourceVersion jobs_seen_ = 0;
  meta::ResourceVersion pods_seen_ = 0;
};

}  // namespace reprieve::engine
