#include "controllers/job/view.h"

#include <utility>

namespace reprieve::controllers {
namespace {

std::int32_t RestartsInPlace(const core::PodStatus& status) {
  if (status.phase != core::PodPhase::kPending && status.phase != core::PodPhase::kRunning) return 0;
  std::int32_t sum = 0;
  for (const auto* statuses : {&status.init_container_statuses, &status.container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) sum += container.restart_count;
  }
  return sum;
}

}  // namespace

void JobView::SetJob(const batch::Job& job) {
  job_ = &job;
  if (job.spec != spec_) {
    spec_ = job.spec;
    prototype_ = std::make_shared<const PodPrototype>(job);
    Reclassify();
    return;
  }
  if (job.status.completed_indexes != completed_text_ || job.status.failed_indexes.value_or("") != failed_text_) {
    ReadIndexTexts();
  }
}

void JobView::RemoveJob() { job_ = nullptr; }

void JobView::SetPod(const core::Pod& pod) {
  if (!spec_) {
    pods_[&pod].order = next_order_++;
    return;
  }
  auto at = pods_.find(&pod);
  const std::uint64_t order = at == pods_.end() ? next_order_++ : at->second.order;
  TrackedPod next = Classify(pod, order);
  if (at == pods_.end()) {
    at = pods_.emplace(&pod, std::move(next)).first;
    if (at->second.failed && at->second.finalizer) unannounced_.insert(&at->second);
  } else {
    const bool newly_failed = next.failed && !at->second.failed;
    const bool was_unannounced = unannounced_.erase(&at->second) > 0;
    Leave(at->second);
    at->second = std::move(next);
    if (newly_failed || was_unannounced) unannounced_.insert(&at->second);
  }
  Enter(at->second);
}

void JobView::RemovePod(const core::Pod& pod) {
  const auto at = pods_.find(&pod);
  if (at == pods_.end()) return;
  if (!spec_) {
    pods_.erase(at);
    return;
  }
  unannounced_.erase(&at->second);
  Leave(at->second);
  pods_.erase(at);
}

bool JobView::HasActive(CompletionIndex index) const {
  const auto at = load_.find(index);
  return at != load_.end() && at->second.active > 0;
}

TrackedPod JobView::Classify(const core::Pod& pod, std::uint64_t order) const {
  TrackedPod out;
  out.pod = &pod;
  out.order = order;
  out.selected = !spec_->selector || spec_->selector->Matches(pod.metadata.labels);
  // Not claimed: it counts for nothing, and only waits to be released (2.5).
  if (!out.selected) return out;
  const bool ended = pod.IsTerminal();
  const bool deleting = pod.metadata.deleting();
  out.active = !ended && !deleting;
  out.ready = out.active && pod.IsReady();
  out.terminating = deleting && !ended;
  out.finalizer = pod.metadata.HasFinalizer(batch::kTrackingFinalizer);
  out.succeeded = pod.status.phase == core::PodPhase::kSucceeded;
  out.failed = pod.status.phase == core::PodPhase::kFailed ||
               (deleting && !out.succeeded && !spec_->replaces_only_failed());
  if (spec_->pod_template.spec->restart_policy == core::RestartPolicy::kOnFailure) out.restarts = RestartsInPlace(pod.status);
  if (spec_->indexed()) out.index = policy::CompletionIndexOf(pod).value_or(-1);
  if (spec_->backoff_limit_per_index) out.carried = policy::FailuresCarriedBy(pod);
  if (out.failed && spec_->pod_failure_policy) {
    out.verdict = std::make_unique<policy::PodVerdict>(policy::JudgePod(*spec_->pod_failure_policy, pod));
  }
  return out;
}

bool JobView::EndsIndex(const TrackedPod& tracked) const {
  if (!spec_->backoff_limit_per_index || !tracked.failed || !tracked.finalizer) return false;
  return policy::EndsIndex(tracked.carried, tracked.verdict ? *tracked.verdict : policy::PodVerdict{},
                           *spec_->backoff_limit_per_index);
}

bool JobView::InRange(CompletionIndex index) const { return index >= 0 && index < spec_->completions.value_or(0); }

void JobView::Enter(const TrackedPod& tracked) {
  if (tracked.active) active_.insert(&tracked);
  if (tracked.accountable()) accountable_.insert(&tracked);
  if (tracked.finalizer && !tracked.accountable()) tracked_live_.insert(&tracked);
  if (tracked.verdict && tracked.verdict->action == batch::FailureAction::kFailJob) fail_job_.insert(&tracked);
  if (!tracked.selected) unselected_.insert(&tracked);
  ready_count_ += tracked.ready ? 1 : 0;
  terminating_count_ += tracked.terminating ? 1 : 0;
  restart_sum_ += tracked.restarts;
  AddLoad(tracked, 1);
}

void JobView::Leave(const TrackedPod& tracked) {
  if (tracked.active) active_.erase(&tracked);
  if (tracked.accountable()) accountable_.erase(&tracked);
  if (tracked.finalizer && !tracked.accountable()) tracked_live_.erase(&tracked);
  if (tracked.verdict && tracked.verdict->action == batch::FailureAction::kFailJob) fail_job_.erase(&tracked);
  if (!tracked.selected) unselected_.erase(&tracked);
  ready_count_ -= tracked.ready ? 1 : 0;
  terminating_count_ -= tracked.terminating ? 1 : 0;
  restart_sum_ -= tracked.restarts;
  AddLoad(tracked, -1);
}

void JobView::AddLoad(const TrackedPod& tracked, std::int32_t sign) {
  if (tracked.index < 0) return;
  IndexLoad change;
  change.active = tracked.active ? sign : 0;
  change.terminating = tracked.terminating ? sign : 0;
  change.succeeded = tracked.succeeded && tracked.finalizer ? sign : 0;
  change.ends_index = EndsIndex(tracked) ? sign : 0;
  if (change.empty()) return;
  IndexLoad& load = load_[tracked.index];
  load.active += change.active;
  load.terminating += change.terminating;
  load.succeeded += change.succeeded;
  load.ends_index += change.ends_index;
  if (load.active > 1) {
    duplicated_.insert(tracked.index);
  } else if (!duplicated_.empty()) {
    duplicated_.erase(tracked.index);
  }
  if (load.empty()) load_.erase(tracked.index);
  RefreshIndex(tracked.index);
}

void JobView::RefreshIndex(CompletionIndex index) {
  if (!InRange(index)) return;
  const auto at = load_.find(index);
  const IndexLoad load = at == load_.end() ? IndexLoad{} : at->second;
  const auto put = [index](IndexSet& set, bool member) {
    if (member) {
      set.Insert(index);
    } else {
      set.Erase(index);
    }
    return member;
  };
  const bool succeeded = put(succeeded_, load.succeeded > 0 || completed_.Contains(index));
  const bool failed = put(failed_, load.ends_index > 0 || failed_in_status_.Contains(index));
  put(taken_, succeeded || failed || load.active > 0 || (load.terminating > 0 && spec_->replaces_only_failed()));
}

void JobView::ReadIndexTexts() {
  const std::int64_t completions = spec_->completions.value_or(0);
  const IndexSet old_completed = std::exchange(completed_, IndexSet::ParseLenient(job_->status.completed_indexes, completions));
  const IndexSet old_failed =
      std::exchange(failed_in_status_, IndexSet::ParseLenient(job_->status.failed_indexes.value_or(""), completions));
  completed_text_ = job_->status.completed_indexes;
  failed_text_ = job_->status.failed_indexes.value_or("");
  // Only what differs is looked at again.
  for (const CompletionIndex index : old_completed.DifferenceWith(completed_)) RefreshIndex(index);
  for (const CompletionIndex index : old_failed.DifferenceWith(failed_in_status_)) RefreshIndex(index);
}

void JobView::RebuildIndexes() {
  succeeded_ = {};
  failed_ = {};
  taken_ = {};
  completed_ = {};
  failed_in_status_ = {};
  if (!spec_->indexed()) return;
  ReadIndexTexts();
  for (const auto& [index, load] : load_) RefreshIndex(index);
}

// The spec has changed: what a pod means may have too. Rare, so all pods are looked at again.
void JobView::Reclassify() {
  const PodSet old_unannounced = std::exchange(unannounced_, {});
  std::unordered_map<const core::Pod*, TrackedPod> old = std::exchange(pods_, {});
  active_.clear(), accountable_.clear(), tracked_live_.clear(), fail_job_.clear(), unselected_.clear();
  ready_count_ = terminating_count_ = 0;
  restart_sum_ = 0;
  load_.clear();
  duplicated_.clear();
  RebuildIndexes();
  for (const auto& [pod, was] : old) {
    const bool first_sight = was.pod == nullptr;
    const bool keep_unannounced = !first_sight && old_unannounced.contains(&was);
    const TrackedPod& now = pods_.emplace(pod, Classify(*pod, was.order)).first->second;
    Enter(now);
    if (keep_unannounced || (first_sight && now.failed && now.finalizer)) unannounced_.insert(&now);
  }
}

}  // namespace reprieve::controllers
