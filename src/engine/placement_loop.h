// PlacementLoop: the engine's part for exclusive placement: it sees leaders being bound, and ends followers that are
// kept to another topology domain (spec/jobset.md 4.4).
//
// The engine owns it, tells it what the world reports, and calls Reconcile when the work queue says so. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controllers/jobset/placement.h"
#include "engine/work_queue.h"
#include "world/api.h"
#include "world/clock.h"

namespace reprieve::engine {

class PlacementLoop {
 public:
  // All must outlive the loop.
  PlacementLoop(world::Api& api, const world::Clock& clock, WorkQueue& queue)
      : api_(api), clock_(clock), queue_(queue) {}

  void PodChanged(const core::Pod& pod);
  void PodDeleted(const core::Pod& pod);
  // The UIDs of the Jobs whose leaders stand there, if its labels have changed: followers that were refused for what it
  // lacked may be made now.
  [[nodiscard]] std::vector<meta::Uid> NodeChanged(const core::Node& node);

  bool Owns(const SharedString& key) const { return groups_.contains(key); }
  // REQUIRES: Owns(key).
  void Reconcile(const SharedString& key);

 private:
  world::Api& api_;
  const world::Clock& clock_;
  WorkQueue& queue_;
  std::map<SharedString, std::set<const core::Pod*>> groups_;  // by namespace and job key
  std::unordered_map<const core::Pod*, SharedString> group_of_;
  struct KnownNode {
    const core::Node* node = nullptr;
    std::uint64_t labels = 0;  // their stamp
  };
  std::map<std::string, KnownNode> nodes_;
};

}  // namespace reprieve::engine
