// OverdueLoop: the engine's part for pods that stay Terminating or Pending for too long (controllers/overdue_pod.h).
//
// The engine owns it, tells it what the world reports, and calls Reconcile when the work queue says so. One thread.
// Costs nothing while no JobSet sets a limit; pods that do not change after it has been set are not held to it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "engine/work_queue.h"
#include "model/jobset_extensions.h"
#include "world/api.h"
#include "world/clock.h"
#include "world/ledger.h"

namespace reprieve::engine {

class OverdueLoop {
 public:
  // All must outlive the loop.
  OverdueLoop(world::Api& api, const world::Clock& clock, world::Ledger& ledger, WorkQueue& queue)
      : api_(api), clock_(clock), ledger_(ledger), queue_(queue) {}

  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset);
  void PodChanged(const core::Pod& pod);
  void PodDeleted(const core::Pod& pod);

  bool Owns(const SharedString& key) const { return pods_.contains(key); }
  // REQUIRES: Owns(key).
  void Reconcile(const SharedString& key);

 private:
  void Watch(const core::Pod& pod, const jobset::Extensions& limits);

  world::Api& api_;
  const world::Clock& clock_;
  world::Ledger& ledger_;
  WorkQueue& queue_;
  std::map<meta::ObjectKey, jobset::Extensions> limits_;             // of JobSets that set one
  std::map<meta::ObjectKey, std::set<const core::Pod*>> pods_of_;    // of all JobSets, since there was a limit
  std::unordered_map<const core::Pod*, meta::ObjectKey> jobset_of_;  // likewise
  std::unordered_map<SharedString, const core::Pod*> pods_;          // those that wait for their time, by key
};

}  // namespace reprieve::engine
