#include "engine/overdue_loop.h"

#include "base/text.h"
#include "controllers/overdue_pod.h"

namespace reprieve::engine {
namespace {

// Beside the UIDs of Jobs and JobSets in the work queue.
SharedString KeyOf(const core::Pod& pod) {
  return Cat("overdue/", pod.metadata.uid);
}

}  // namespace

void OverdueLoop::JobSetChanged(const jobset::JobSet& jobset) {
  const meta::ObjectKey key = meta::KeyOf(jobset.metadata);
  jobset::Extensions limits = jobset::ReadExtensions(jobset.metadata.annotations);
  if (!limits.terminating_limit && !limits.pending_limit) {
    limits_.erase(key);
    return;
  }
  const jobset::Extensions& kept = limits_.insert_or_assign(key, std::move(limits)).first->second;
  const auto pods = pods_of_.find(key);
  if (pods == pods_of_.end()) return;
  for (const core::Pod* pod : pods->second) Watch(*pod, kept);
}

void OverdueLoop::JobSetDeleted(const jobset::JobSet& jobset) {
  limits_.erase(meta::KeyOf(jobset.metadata));
}

void OverdueLoop::PodChanged(const core::Pod& pod) {
  auto at = jobset_of_.find(&pod);
  if (at == jobset_of_.end()) {
    const SharedString* name = pod.metadata.labels.Find(jobset::kJobSetName);
    if (name == nullptr) return;
    at = jobset_of_.emplace(&pod, meta::ObjectKey{pod.metadata.namespace_, *name}).first;
    pods_of_[at->second].insert(&pod);
  }
  if (const auto limits = limits_.find(at->second); limits != limits_.end()) Watch(pod, limits->second);
}

void OverdueLoop::PodDeleted(const core::Pod& pod) {
  const auto at = jobset_of_.find(&pod);
  if (at == jobset_of_.end()) return;
  const auto pods = pods_of_.find(at->second);
  pods->second.erase(&pod);
  if (pods->second.empty()) pods_of_.erase(pods);
  jobset_of_.erase(at);
  const SharedString key = KeyOf(pod);
  if (pods_.erase(key) > 0) queue_.Forget(key);
}

void OverdueLoop::Watch(const core::Pod& pod, const jobset::Extensions& limits) {
  const auto due = controllers::OverdueAt(pod, limits);
  const SharedString key = KeyOf(pod);
  if (!due) {
    if (pods_.erase(key) > 0) queue_.Forget(key);
    return;
  }
  pods_[key] = &pod;
  queue_.Add(key, *due);
}

void OverdueLoop::Reconcile(const SharedString& key) {
  const core::Pod& pod = *pods_.at(key);
  const auto limits = limits_.find(jobset_of_.at(&pod));
  const auto due = limits != limits_.end() ? controllers::OverdueAt(pod, limits->second) : std::nullopt;
  const Time now = clock_.Now();
  if (!due) {
    pods_.erase(key);
    return;
  }
  if (*due > now) return queue_.Add(key, *due);
  world::Plan plan = controllers::LoseOverduePod(pod, limits->second, now);
  // The pod may be gone with the write; a failed one is tried again.
  constexpr Nanoseconds kRetry = Seconds(1);
  queue_.Add(key, now + kRetry);
  if (!world::Apply(plan, now, api_).complete()) return;
  ledger_.Record(std::move(plan.verdicts));
}

}  // namespace reprieve::engine
