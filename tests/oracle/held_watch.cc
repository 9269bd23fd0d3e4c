#include "oracle/held_watch.h"

namespace reprieve::oracle {

void HeldWatch::ReleasePortion() {
  while (!waiting_.empty()) {
    const Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    if (!entry.pod) return;
    Pass(*entry.pod, entry.deleted);
  }
}

void HeldWatch::ReleaseAll() {
  while (!waiting_.empty()) ReleasePortion();
  holding_ = false;
}

void HeldWatch::Take(const core::Pod& pod, bool deleted) {
  if (!holding_) return Pass(pod, deleted);
  waiting_.push_back({std::make_unique<core::Pod>(pod), deleted});
}

void HeldWatch::Pass(const core::Pod& pod, bool deleted) {
  std::unique_ptr<core::Pod>& cached = cache_[pod.metadata.uid];
  if (!cached) {
    cached = std::make_unique<core::Pod>(pod);
  } else {
    *cached = pod;
  }
  if (!deleted) return downstream_.PodChanged(*cached);
  downstream_.PodDeleted(*cached);
  cache_.erase(pod.metadata.uid);
}

}  // namespace reprieve::oracle
