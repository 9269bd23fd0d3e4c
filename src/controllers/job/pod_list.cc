#include "controllers/job/pod_list.h"

#include "controllers/job/view.h"

namespace reprieve::controllers {

void PodList::Add(TrackedPod& pod) {
  std::uint32_t& place = pod.places.at[kind_];
  if (place != PodPlaces::kNone) return;
  place = static_cast<std::uint32_t>(pods_.size());
  pods_.push_back(&pod);
}

void PodList::Remove(TrackedPod& pod) {
  std::uint32_t& place = pod.places.at[kind_];
  if (place == PodPlaces::kNone) return;
  TrackedPod* const last = pods_.back();
  pods_[place] = last;
  last->places.at[kind_] = place;
  pods_.pop_back();
  place = PodPlaces::kNone;
}

void PodList::Clear() {
  for (TrackedPod* pod : pods_) pod->places.at[kind_] = PodPlaces::kNone;
  pods_.clear();
}

}  // namespace reprieve::controllers
