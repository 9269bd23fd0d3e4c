// JobSetLoop: the views of JobSets, kept from what the world reports, and their passes: reconcile, clean-up.
//
// The engine owns it; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controllers/jobset/cleanup.h"
#include "controllers/jobset/reconcile.h"
#include "engine/pod_index.h"
#include "engine/reconcile_loop.h"

namespace reprieve::engine {

struct JobSetOptions {
  model::FeatureGates gates;
  bool housekeeping = true;  // what a deleted JobSet owned is deleted here, not by a garbage collector
  RetryDelays retry{Nanoseconds(5'000'000), Seconds(60)};
  // A status in which only counts of Jobs have changed is written no sooner after the last one. 0: at once.
  Nanoseconds counts_period{0};
};

// How many JobSets have ended or were restarted since the start, by namespace and name. Of each at most kMaxNames
// have a number of their own; those that come later are counted together, under an empty name.
struct JobSetCounters {
  static constexpr std::size_t kMaxNames = 10'000;

  std::map<meta::ObjectKey, std::uint64_t> completed;  // jobset_completed_total
  std::map<meta::ObjectKey, std::uint64_t> failed;     // jobset_failed_total
  std::map<meta::ObjectKey, std::uint64_t> restarts;   // jobset_restarts_total, of all its Jobs or of one

  static void Add(std::map<meta::ObjectKey, std::uint64_t>& to, const meta::ObjectKey& jobset) {
    const bool full = to.size() >= kMaxNames && !to.contains(jobset);
    ++to[full ? meta::ObjectKey() : jobset];
  }
};

struct JobSetState : LoopState {
  JobSetState(meta::Uid u, const model::FeatureGates& gates) : LoopState(std::move(u)), view(gates) {}

  controllers::JobSetView view;
  std::set<const core::Service*> services;
  std::set<const core::PersistentVolumeClaim*> claims;
  std::string problem;  // the one that was reported last; empty: the last pass could decide
  // The outcome of a pass whose status write got no answer. It holds once the watch shows that status.
  std::optional<controllers::JobSetOutcome> unconfirmed;
  Time counts_from = Time::min();  // as JobSetSurroundings have it

  // Of the pass that is under way.
  bool decides = false;  // the plan in flight is the decision's, not that of the clean-up
  controllers::JobSetDecision decision;

  bool empty() const { return !view.has_jobset() && view.children().empty() && services.empty() && claims.empty(); }
};

class JobSetLoop {
 public:
  JobSetLoop(LoopContext& context, const PodIndex& pods, JobSetOptions options);

  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset);
  void JobChanged(const batch::Job& job);
  void JobDeleted(const batch::Job& job);
  // Of pods that name a JobSet.
  void PodChanged(const core::Pod& pod, const JobSetPods& pods);
  void PodDeleted(const core::Pod& pod, const JobSetPods& pods);
  void ServiceChanged(const core::Service& service);
  void ServiceDeleted(const core::Service& service);
  void ClaimChanged(const core::PersistentVolumeClaim& claim);
  void ClaimDeleted(const core::PersistentVolumeClaim& claim);
  void ListsComplete() { loop_.EnqueueAll(); }
  void EnqueueSeen() { loop_.EnqueueSeen(); }
  // What ends a Job, for the chain of verdicts. It holds once the Job shows that it has ended.
  void JobEnded(const meta::Uid& job, const world::Verdict& verdict);

  void Run(const meta::Uid& jobset) {
    loop_.Run(jobset, [this](JobSetState& state) { Reconcile(state); });
  }
  // As Engine has them.
  std::optional<controllers::JobSetDecision> Decide(const meta::Uid& jobset) const;
  void Take(const meta::Uid& jobset) { loop_.Take(jobset); }
  void LookAgain(const meta::Uid& jobset, Time when);

  const JobSetCounters& counters() const { return counters_; }
  PassTimes Unfinished() const { return loop_.Unfinished(); }

 private:
  // The JobSet that controls the object; null pointer: none does.
  JobSetState* ControllerOf(const meta::ObjectMeta& metadata);
  JobSetState* PresentOf(const JobSetPods& pods) const;
  void RemoveChild(JobSetState& state, const batch::Job& job);
  // The steps of a pass, in this order.
  void Reconcile(JobSetState& state);
  void Decide(JobSetState& state);
  // Whether the pass goes on.
  PassResult Decided(JobSetState& state, const world::PlanReport& report);
  void CleanUp(JobSetState& state);
  void Reported(JobSetState& state, const world::PlanReport& report);
  void End(JobSetState& state, PassResult result);
  void Record(JobSetState& state, controllers::JobSetOutcome outcome);
  controllers::JobSetSurroundings SurroundingsOf(const JobSetState& state) const;

  LoopContext& context_;
  const PodIndex& pods_;
  const JobSetOptions options_;
  ReconcileLoop<JobSetState> loop_;
  std::unordered_map<meta::Uid, JobSetState*> jobset_of_;  // by the UID of a child Job
  std::map<meta::ObjectKey, JobSetState*> present_;        // JobSets that are there
  std::map<meta::ObjectKey, const core::Service*> services_;
  std::map<meta::ObjectKey, const core::PersistentVolumeClaim*> claims_;
  JobSetCounters counters_;
};

}  // namespace reprieve::engine
