#include "controllers/job/view.h"

#include <array>
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

void JobView::RemoveJob() {
  job_ = nullptr;
}

void JobView::SetPod(const core::Pod& pod) {
  if (!spec_) {
    pods_[&pod].order = next_order_++;
    return;
  }
  auto at = pods_.find(&pod);
  if (at == pods_.end() && settled_.erase(&pod) > 0 && IsSettled(Classify(pod, 0, nullptr))) {
    settled_.insert(&pod);
    return;
  }
  const std::uint64_t order = at == pods_.end() ? next_order_++ : at->second.order;
  TrackedPod next = Classify(pod, order, at == pods_.end() ? nullptr : &at->second);
  if (at == pods_.end()) {
    at = pods_.emplace(&pod, std::move(next)).first;
    if (at->second.failed && at->second.finalizer) unannounced_.insert(&at->second);
  } else if (at->second.SameAs(next)) {
    return;
  } else {
    const bool newly_failed = next.failed && !at->second.failed;
    if (at->second.index == next.index) {
      Move(at->second, std::move(next));
    } else {
      // Another place in every order: out and in again.
      const bool was_unannounced = unannounced_.erase(&at->second) > 0;
      Leave(at->second);
      at->second = std::move(next);
      Enter(at->second);
      if (was_unannounced) unannounced_.insert(&at->second);
    }
    if (newly_failed) unannounced_.insert(&at->second);
    SettleIfDone(pod);
    return;
  }
  Enter(at->second);
  SettleIfDone(pod);
}

void JobView::MarkAnnounced() {
  for (const TrackedPod* told : std::exchange(unannounced_, {})) SettleIfDone(*told->pod);
}

bool JobView::IsSettled(const TrackedPod& tracked) const {
  return tracked.pod->IsTerminal() && tracked.selected && !tracked.finalizer && !tracked.fails_job();
}

void JobView::SettleIfDone(const core::Pod& pod) {
  const auto at = pods_.find(&pod);
  if (!IsSettled(at->second) || unannounced_.contains(&at->second)) return;
  Leave(at->second);
  pods_.erase(at);
  settled_.insert(&pod);
}

void JobView::RemovePod(const core::Pod& pod) {
  const auto at = pods_.find(&pod);
  if (at == pods_.end()) {
    settled_.erase(&pod);
    return;
  }
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

TrackedPod JobView::Classify(const core::Pod& pod, std::uint64_t order, const TrackedPod* was) const {
  TrackedPod out;
  out.pod = &pod;
  out.order = order;
  out.stamps[0] = pod.metadata.labels.stamp();
  out.stamps[1] = pod.metadata.annotations.stamp();
  if (was != nullptr && was->stamps[0] == out.stamps[0] && was->stamps[1] == out.stamps[1]) {
    out.selected = was->selected;
    out.index = was->index;
    out.carried = was->carried;
  } else {
    out.selected = !spec_->selector || spec_->selector->Matches(pod.metadata.labels);
    if (out.selected && spec_->indexed()) out.index = policy::CompletionIndexOf(pod).value_or(-1);
    if (out.selected && spec_->backoff_limit_per_index) out.carried = policy::FailuresCarriedBy(pod);
  }
  // Not claimed: it counts for nothing, and only waits to be released (2.5).
  if (!out.selected) return out;
  const bool ended = pod.IsTerminal();
  const bool deleting = pod.metadata.deleting();
  out.active = !ended && !deleting;
  out.status_version = pod.status_version;
  const bool same_status = was != nullptr && was->status_version != 0 && was->status_version == pod.status_version;
  out.ready = out.active && (same_status ? was->ready : pod.IsReady());
  out.terminating = deleting && !ended;
  out.finalizer = pod.metadata.HasFinalizer(batch::kTrackingFinalizer);
  out.succeeded = pod.status.phase == core::PodPhase::kSucceeded;
  out.failed =
      pod.status.phase == core::PodPhase::kFailed || (deleting && !out.succeeded && !spec_->replaces_only_failed());
  if (spec_->pod_template.spec->restart_policy == core::RestartPolicy::kOnFailure)
    out.restarts = RestartsInPlace(pod.status);
  if (out.failed && same_status && was->verdict) {
    out.verdict = was->verdict;
  } else if (out.failed && spec_->pod_failure_policy) {
    out.verdict = std::make_shared<const policy::PodVerdict>(policy::JudgePod(*spec_->pod_failure_policy, pod));
  }
  return out;
}

bool JobView::EndsIndex(const TrackedPod& tracked) const {
  if (!spec_->backoff_limit_per_index || !tracked.failed || !tracked.finalizer) return false;
  return policy::EndsIndex(tracked.carried, tracked.verdict ? *tracked.verdict : policy::PodVerdict{},
                           *spec_->backoff_limit_per_index);
}

bool JobView::InRange(CompletionIndex index) const {
  return index >= 0 && index < spec_->completions.value_or(0);
}

void JobView::Enter(const TrackedPod& tracked) {
  for (const auto& [set, member] : Memberships()) {
    if ((tracked.*member)()) set->insert(&tracked);
  }
  Count(tracked, 1);
  ChangeLoad(tracked.index, {}, LoadOf(tracked));
}

void JobView::Leave(const TrackedPod& tracked) {
  for (const auto& [set, member] : Memberships()) {
    if ((tracked.*member)()) set->erase(&tracked);
  }
  Count(tracked, -1);
  ChangeLoad(tracked.index, LoadOf(tracked), {});
}

void JobView::Move(TrackedPod& tracked, TrackedPod next) {
  const IndexLoad load_before = LoadOf(tracked);
  Count(tracked, -1);
  std::array<bool, 5> before{};
  std::size_t i = 0;
  for (const auto& [set, member] : Memberships()) before[i++] = (tracked.*member)();
  tracked = std::move(next);
  i = 0;
  for (const auto& [set, member] : Memberships()) {
    const bool after = (tracked.*member)();
    if (before[i] && !after) set->erase(&tracked);
    if (!before[i] && after) set->insert(&tracked);
    ++i;
  }
  Count(tracked, 1);
  ChangeLoad(tracked.index, load_before, LoadOf(tracked));
}

std::array<std::pair<JobView::PodSet*, bool (TrackedPod::*)() const>, 5> JobView::Memberships() {
  return {{{&active_, &TrackedPod::is_active},
           {&accountable_, &TrackedPod::accountable},
           {&tracked_live_, &TrackedPod::tracked_live},
           {&fail_job_, &TrackedPod::fails_job},
           {&unselected_, &TrackedPod::unselected}}};
}

void JobView::Count(const TrackedPod& tracked, std::int32_t sign) {
  ready_count_ += tracked.ready ? sign : 0;
  terminating_count_ += tracked.terminating ? sign : 0;
  restart_sum_ += sign * tracked.restarts;
}

JobView::IndexLoad JobView::LoadOf(const TrackedPod& tracked) const {
  return {tracked.active, tracked.terminating, tracked.succeeded && tracked.finalizer, EndsIndex(tracked)};
}

void JobView::ChangeLoad(CompletionIndex index, const IndexLoad& before, const IndexLoad& after) {
  if (index < 0 || before == after) return;
  IndexLoad& load = load_[index];
  load.active += after.active - before.active;
  load.terminating += after.terminating - before.terminating;
  load.succeeded += after.succeeded - before.succeeded;
  load.ends_index += after.ends_index - before.ends_index;
  if (load.active > 1) {
    duplicated_.insert(index);
  } else if (!duplicated_.empty()) {
    duplicated_.erase(index);
  }
  if (load.empty()) load_.erase(index);
  RefreshIndex(index);
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
  // An index has one end. A pod that was deleted, replaced, and then ends well after all can make it two: what status
  // says stays, and of two that are new success wins. (Upstream writes both, and its server refuses that for ever.)
  const bool completed = completed_.Contains(index);
  const bool failed_before = failed_in_status_.Contains(index) && !completed;
  const bool succeeded = put(succeeded_, completed || (load.succeeded > 0 && !failed_before));
  const bool failed = put(failed_, failed_before || (load.ends_index > 0 && !succeeded));
  put(taken_, succeeded || failed || load.active > 0 || (load.terminating > 0 && spec_->replaces_only_failed()));
}

void JobView::ReadIndexTexts() {
  const std::int64_t completions = spec_->completions.value_or(0);
  const IndexSet old_completed =
      std::exchange(completed_, IndexSet::ParseLenient(job_->status.completed_indexes, completions));
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
  const FlatSet<const core::Pod*> old_settled = std::exchange(settled_, {});
  active_.clear(), accountable_.clear(), tracked_live_.clear(), fail_job_.clear(), unselected_.clear();
  ready_count_ = terminating_count_ = 0;
  restart_sum_ = 0;
  load_.clear();
  duplicated_.clear();
  RebuildIndexes();
  for (const auto& [pod, was] : old) {
    const bool first_sight = was.pod == nullptr;
    const bool keep_unannounced = !first_sight && old_unannounced.contains(&was);
    const TrackedPod& now = pods_.emplace(pod, Classify(*pod, was.order, nullptr)).first->second;
    Enter(now);
    if (keep_unannounced || (first_sight && now.failed && now.finalizer)) unannounced_.insert(&now);
    SettleIfDone(*pod);
  }
  for (const core::Pod* pod : old_settled) SetPod(*pod);
}

}  // namespace reprieve::controllers
