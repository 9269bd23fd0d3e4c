#include "engine/pod_index.h"

#include <utility>

namespace reprieve::engine {

void PodIndex::NoteJobSet(const core::Pod& pod) {
  Entry& entry = At(pod);
  if (entry.jobset != nullptr) return;
  const SharedString* name = pod.metadata.labels.Find(jobset::kJobSetName);
  if (name == nullptr) return;
  meta::ObjectKey key{pod.metadata.namespace_, *name};
  std::unique_ptr<JobSetPods>& pods = by_jobset_[key];
  if (!pods) pods = std::make_unique<JobSetPods>(JobSetPods{std::move(key), {}});
  pods->pods.insert(&pod);
  entry.jobset = pods.get();
}

PodIndex::Entry PodIndex::Take(const core::Pod& pod) {
  return std::exchange(At(pod), {});
}

void PodIndex::DropFromJobSet(const core::Pod& pod, JobSetPods& pods) {
  pods.pods.erase(&pod);
  if (pods.pods.empty()) by_jobset_.erase(meta::ObjectKey(pods.jobset));
}

const JobSetPods* PodIndex::PodsOf(const meta::ObjectKey& jobset) const {
  const auto at = by_jobset_.find(jobset);
  return at == by_jobset_.end() ? nullptr : at->second.get();
}

}  // namespace reprieve::engine
