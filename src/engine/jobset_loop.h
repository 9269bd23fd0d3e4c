// JobSetLoop: the engine's part for JobSets: their views kept from watch events, their plans handed to the world.
//
// The engine owns it, tells it what the world reports, and calls Reconcile when the work queue says so. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "controllers/jobset/cleanup.h"
#include "controllers/jobset/reconcile.h"
#include "engine/work_queue.h"
#include "world/api.h"
#include "world/clock.h"
#include "world/ledger.h"

namespace reprieve::engine {

struct JobSetOptions {
  model::FeatureGates gates;
  // After a failed pass: the first wait, doubling up to the second.
  Nanoseconds retry_base = Nanoseconds(5'000'000);
  Nanoseconds retry_cap = Seconds(60);
};

// How many JobSets have ended since the start, by namespace and name.
struct JobSetCounters {
  std::map<meta::ObjectKey, std::uint64_t> completed;  // jobset_completed_total
  std::map<meta::ObjectKey, std::uint64_t> failed;     // jobset_failed_total
};

class JobSetLoop {
 public:
  // All must outlive the loop.
  JobSetLoop(world::Api& api, const world::Clock& clock, world::Ledger& ledger, WorkQueue& queue,
             JobSetOptions options);
  JobSetLoop(const JobSetLoop&) = delete;
  JobSetLoop& operator=(const JobSetLoop&) = delete;
  ~JobSetLoop();

  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset);
  void JobChanged(const batch::Job& job);
  void JobDeleted(const batch::Job& job);
  void PodChanged(const core::Pod& pod);
  void PodDeleted(const core::Pod& pod);
  void ServiceChanged(const core::Service& service);
  void ServiceDeleted(const core::Service& service);
  void ClaimChanged(const core::PersistentVolumeClaim& claim);
  void ClaimDeleted(const core::PersistentVolumeClaim& claim);

  // All lists have been reported whole, as of `version`.
  void ListsComplete(meta::ResourceVersion version);
  // A Job's end, for the chain of verdicts.
  void JobEnded(const meta::Uid& job_uid, const world::Verdict& verdict);

  bool Owns(const meta::Uid& uid) const { return states_.contains(uid); }
  // REQUIRES: Owns(uid).
  void Reconcile(const meta::Uid& uid);
  const JobSetCounters& counters() const { return counters_; }

 private:
  struct State;

  State& StateOf(const meta::Uid& uid);
  // The JobSet that controls the object; null pointer: none does.
  State* ControllerOf(const meta::ObjectMeta& metadata);
  void Enqueue(const State& state, Nanoseconds delay = Nanoseconds(0));
  controllers::JobSetSurroundings SurroundingsOf(const State& state) const;
  bool CachesAreBehind(const State& state) const;
  bool ApplyPlan(State& state, world::Plan& plan);
  void Retry(State& state);
  void CountEnds(const jobset::JobSet& jobset, bool was_finished);

  world::Api& api_;
  const world::Clock& clock_;
  world::Ledger& ledger_;
  WorkQueue& queue_;
  const JobSetOptions options_;
  std::unordered_map<meta::Uid, std::unique_ptr<State>> states_;    // by UID
  std::unordered_map<meta::Uid, meta::Uid> jobset_of_;              // UID of a child Job to that of its JobSet
  std::map<meta::ObjectKey, meta::Uid> uid_of_;                     // of JobSets that are there
  std::map<meta::ObjectKey, std::set<const core::Pod*>> pods_;      // by the JobSet's name on their label
  std::unordered_map<const core::Pod*, meta::ObjectKey> labelled_;  // what that label said
  std::map<meta::ObjectKey, const core::Service*> services_;
  std::map<meta::ObjectKey, const core::PersistentVolumeClaim*> claims_;
  bool lists_complete_ = false;
  meta::ResourceVersion jobsets_seen_ = 0;
  meta::ResourceVersion jobs_seen_ = 0;
  meta::ResourceVersion others_seen_ = 0;
  JobSetCounters counters_;
};

}  // namespace reprieve::engine
