// PlacementLoop: the engine's part for exclusive placement: it sees leaders being bound, and ends followers that are
// kept to another topology domain (spec/jobset.md 4.4).
//
// The engine owns it, tells it what the world reports, and calls Run when the work queue says so. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controllers/jobset/placement.h"
#include "engine/loop_context.h"

namespace reprieve::engine {

class PlacementLoop {
 public:
  explicit PlacementLoop(LoopContext& context) : context_(context) {}

  // Of pods that name a JobSet.
  void PodChanged(const core::Pod& pod);
  void PodDeleted(const core::Pod& pod);
  // The UIDs of the Jobs whose leaders are on that node, if its labels have changed: followers that were refused for
  // what it lacked may be created now.
  [[nodiscard]] std::vector<meta::Uid> NodeChanged(const core::Node& node);
  // REQUIRES: the key is of this loop.
  void Run(const SharedString& group);

 private:
  struct BySlot {
    bool operator()(const core::Pod* a, const core::Pod* b) const { return a->slot < b->slot; }
  };
  struct KnownNode {
    const core::Node* node = nullptr;
    std::uint64_t labels = 0;  // their stamp
  };

  // A plan of a group.
  struct Flight {
    world::Plan plan;
    bool missed = false;  // the group was due meanwhile
  };

  void Enqueue(const SharedString& group, Nanoseconds delay = Nanoseconds(0));

  LoopContext& context_;
  std::map<SharedString, std::set<const core::Pod*, BySlot>> groups_;  // by namespace and job key
  std::unordered_map<const core::Pod*, SharedString> group_of_;
  std::map<std::string, KnownNode> nodes_;
  std::map<SharedString, Flight> flights_;
};

}  // namespace reprieve::engine
