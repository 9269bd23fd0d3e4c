// PodList: pods of one Job that have something in common, each put in and taken out at a cost that does not depend on
// how many there are. The order has no meaning, but is the same after the same calls.
//
// A pod holds its own place on each list, so it can be on every list once. The lists and their pods have one owner, the
// view; no lock.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace reprieve::controllers {

struct TrackedPod;

struct PodPlaces {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::array<std::uint32_t, 4> at{kNone, kNone, kNone, kNone};
};

class PodList {
 public:
  // Which of a pod's places is the one on this list.
  enum Kind : std::uint8_t { kActive, kAccountable, kTrackedLive, kUnreported };

  explicit PodList(Kind kind) : kind_(kind) {}

  bool Contains(const TrackedPod& pod) const;
  // No effect if the pod is on the list already (Remove: not on it).
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
