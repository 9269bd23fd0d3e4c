#include "kube/leader_pods.h"

#include "controllers/jobset/placement.h"

namespace reprieve::kube {

LeaderPods::Name LeaderPods::NameOf(const core::Pod& pod) {
  const std::string name = pod.metadata.name.str();
  return {pod.metadata.namespace_, name.substr(0, name.rfind('-'))};
}

// Neither a name nor what makes a pod a leader changes.
void LeaderPods::PodChanged(const core::Pod& pod) {
  if (!controllers::IsPlacedExclusively(pod) || !controllers::IsLeader(pod) || !leaders_.insert(&pod).second) return;
  by_name_[NameOf(pod)].insert(&pod);
}

void LeaderPods::PodDeleted(const core::Pod& pod) {
  if (leaders_.erase(&pod) == 0) return;
  const auto at = by_name_.find(NameOf(pod));
  at->second.erase(&pod);
  if (at->second.empty()) by_name_.erase(at);
}

std::vector<const core::Pod*> LeaderPods::Named(const SharedString& name_space, const std::string& base) const {
  const auto at = by_name_.find({name_space, base});
  if (at == by_name_.end()) return {};
  return {at->second.begin(), at->second.end()};
}

}  // namespace reprieve::kube
