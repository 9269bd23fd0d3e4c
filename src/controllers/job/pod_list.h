// PodList: pods of one Job that have something in common, each put in and taken out at a cost that does not depend on
// how many there are. The order has no meaning, but is the same after the same calls.
//
// A pod holds its own place on a list. Lists of one kind share the member for it, since a pod is on one of them at
// most. The lists and their pods have one owner, the view; no lock.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace reprieve::controllers {

struct TrackedPod;

struct PodPlaces {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::array<std::uint32_t, 2> at{kNone, kNone};
};

class PodList {
 public:
  // Which of a pod's places is the one on this list: of those for what it is now, or of the one for its failure.
  enum Kind : std::uint8_t { kState, kUnreported };

  explicit PodList(Kind kind) : kind_(kind) {}

  // No effect if the pod is on the list already (Remove: not on it). REQUIRES: it is on no other list of this kind.
  void Add(TrackedPod& pod);
  void Remove(TrackedPod& pod);
  void Clear();

  std::size_t size() const { return pods_.size(); }
  bool empty() const { return pods_.empty(); }
  auto begin() const { return pods_.begin(); }
  auto end() const { return pods_.end(); }

 private:
  Kind kind_;
  std::vector<TrackedPod*> pods_;
};

}  // namespace reprieve::controllers
