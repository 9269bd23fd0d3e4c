#include "controllers/job/view.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace reprieve::controllers {
namespace {

// What a pod belongs to, as bits.
enum Membership : std::uint32_t {
  kActive = 1,
  kAccountable = 2,
  kTrackedTerminating = 4,
  kFailsJob = 8,
  kUnselected = 16,
};

std::uint32_t MembershipsOf(const TrackedPod& tracked) {
  return (tracked.active ? kActive : 0U) | (tracked.accountable() ? kAccountable : 0U) |
         (tracked.tracked_live() && !tracked.active ? kTrackedTerminating : 0U) |
         (tracked.fails_job() ? kFailsJob : 0U) | (tracked.selected ? 0U : kUnselected);
}

// When the Job got its first final condition.
std::optional<Time> FinishedAt(const batch::JobStatus& status) {
  for (const batch::JobCondition& condition : status.conditions) {
    if ((condition.type == "Complete" || condition.type == "Failed") && condition.status == "True") {
      return condition.last_transition_time;
    }
  }
  return std::nullopt;
}

std::int32_t RestartsInPlace(const core::PodStatus& status) {
  if (status.phase != core::PodPhase::kPending && status.phase != core::PodPhase::kRunning) return 0;
  std::int32_t sum = 0;
  for (const auto* statuses : {&status.init_container_statuses, &status.container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) sum += container.restart_count;
  }
  return sum;
}

}  // namespace

void JobView::SetJob(const batch::Job& job, Time now) {
  job_ = &job;
  start_.See(job.status.start_time, now);
  finish_.See(FinishedAt(job.status), now);
  if (job.spec != spec_) {
    spec_ = job.spec;
    prototype_.reset();
    judge_.SetPolicy(spec_->pod_failure_policy);
    Reclassify();
    return;
  }
  if (job.status.completed_indexes != completed_text_ || job.status.failed_indexes.value_or("") != failed_text_) {
    ReadIndexTexts();
  }
}

const PodPrototype& JobView::Prototype() const {
  if (prototype_ == nullptr) prototype_ = std::make_unique<const PodPrototype>(*job_);
  return *prototype_;
}

void JobView::RemoveJob() {
  job_ = nullptr;
}

void JobView::SetPod(const core::Pod& pod) {
  const auto at = pods_.find(&pod);
  if (!spec_) {
    if (at != pods_.end()) return;
    auto made = std::make_unique<TrackedPod>();
    made->pod = &pod;
    made->order = next_order_++;
    pods_.insert(std::move(made));
    return;
  }
  if (at == pods_.end()) {
    // What has ended stays so: a pod that runs is not among the settled ones.
    if (pod.IsTerminal() && settled_.erase(&pod) > 0 && IsSettled(Classify(pod, 0, nullptr))) {
      settled_.insert(&pod);
      return;
    }
    TrackedPod& made = **pods_.insert(std::make_unique<TrackedPod>(Classify(pod, next_order_++, nullptr))).first;
    if (made.failed && made.finalizer) unreported_.Add(made);
    Enter(made);
    SettleIfDone(made);
    return;
  }
  TrackedPod& tracked = **at;
  TrackedPod next = Classify(pod, tracked.order, &tracked);
  if (tracked.SameAs(next)) return;
  if (next.failed && next.finalizer && !tracked.failed) unreported_.Add(tracked);
  // A deleted pod counts as failed, but may still succeed before that is reported. A pod that loses its finalizer
  // before it is reported was removed by the Job itself, and is no failure.
  if (!next.failed || !next.finalizer) unreported_.Remove(tracked);
  if (tracked.index == next.index) {
    Move(tracked, std::move(next));
  } else {
    // Another place in every order: out and in again.
    Leave(tracked);
    next.places = tracked.places;
    tracked = std::move(next);
    Enter(tracked);
  }
  SettleIfDone(tracked);
}

void JobView::MarkReported(const std::vector<ReportedPod>& pods) {
  if (unreported_.empty()) return;  // they have been released meanwhile
  for (const ReportedPod& reported : pods) {
    const auto at = pods_.find(reported.pod);
    if (at != pods_.end() && (*at)->order == reported.order) unreported_.Remove(**at);
  }
}

bool JobView::IsSettled(const TrackedPod& tracked) const {
  return tracked.pod->IsTerminal() && tracked.selected && !tracked.finalizer && !tracked.fails_job();
}

void JobView::SettleIfDone(TrackedPod& tracked) {
  if (!IsSettled(tracked)) return;
  const core::Pod* pod = tracked.pod;
  Leave(tracked);
  pods_.erase(pod);
  settled_.insert(pod);
}

void JobView::RemovePod(const core::Pod& pod) {
  settled_.erase(&pod);
  const auto at = pods_.find(&pod);
  if (at == pods_.end()) return;
  if (spec_) {
    unreported_.Remove(**at);
    Leave(**at);
  }
  pods_.erase(at);
}

std::vector<const TrackedPod*> JobView::TrackedLive() const {
  std::vector<const TrackedPod*> out(tracked_terminating_.begin(), tracked_terminating_.end());
  std::copy_if(active_.begin(), active_.end(), std::back_inserter(out),
               [](const TrackedPod* pod) { return pod->tracked_live(); });
  return out;
}

const TrackedPod* JobView::Find(const core::Pod& pod) const {
  const auto at = pods_.find(&pod);
  return at == pods_.end() ? nullptr : at->get();
}

std::vector<const TrackedPod*> JobView::InOrder(const PodList& pods) {
  return InOrder({pods.begin(), pods.end()});
}

std::vector<const TrackedPod*> JobView::InOrder(std::vector<const TrackedPod*> out) {
  // Pods that end together were mostly created together, and are in order already.
  if (!std::is_sorted(out.begin(), out.end(), Order())) std::sort(out.begin(), out.end(), Order());
  return out;
}

bool JobView::HasActive(CompletionIndex index) const {
  return LoadOf(index).active > 0;
}

TrackedPod JobView::Classify(const core::Pod& pod, std::uint64_t order, const TrackedPod* was) {
  TrackedPod out;
  out.pod = &pod;
  out.order = order;
  out.classified = true;
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
  // Not claimed: it counts for nothing, and only waits to be released (spec/job.md 2.5).
  if (!out.selected) return out;
  const bool ended = pod.IsTerminal();
  const bool deleting = pod.metadata.deleting();
  out.ended = ended;
  out.active = !ended && !deleting;
  out.status_version = pod.status_version;
  const bool same_status = was != nullptr && was->status_version != 0 && was->status_version == pod.status_version;
  out.ready = out.active && (same_status ? was->ready : pod.IsReady());
  out.terminating = deleting && !ended;
  out.finalizer = HasTrackingFinalizer(pod);
  out.succeeded = pod.status.phase == core::PodPhase::kSucceeded;
  out.failed =
      pod.status.phase == core::PodPhase::kFailed || (deleting && !out.succeeded && !spec_->replaces_only_failed());
  if (spec_->pod_template.spec->restart_policy == core::RestartPolicy::kOnFailure)
    out.restarts = RestartsInPlace(pod.status);
  if (out.failed) out.judged = same_status && was->judged ? was->judged : judge_.Judge(pod);
  return out;
}

bool JobView::HasTrackingFinalizer(const core::Pod& pod) {
  const meta::Finalizers& finalizers = pod.metadata.finalizers;
  if (finalizers.empty()) return false;
  if (!finalizers.SharesWith(usual_finalizers_)) {
    usual_finalizers_ = finalizers;
    usual_has_tracking_ = finalizers.Contains(batch::kTrackingFinalizer);
  }
  return usual_has_tracking_;
}

bool JobView::EndsIndex(const TrackedPod& tracked) const {
  if (!spec_->backoff_limit_per_index || !tracked.failed || !tracked.finalizer) return false;
  return policy::EndsIndex(tracked.carried, tracked.judged->verdict, *spec_->backoff_limit_per_index);
}

bool JobView::InRange(CompletionIndex index) const {
  return index >= 0 && index < spec_->completions.value_or(0);
}

void JobView::Enter(TrackedPod& tracked) {
  Join(tracked, MembershipsOf(tracked));
  Count(tracked, 1);
  ChangeLoad(tracked.index, {}, LoadOf(tracked));
}

void JobView::Leave(TrackedPod& tracked) {
  Quit(tracked, MembershipsOf(tracked));
  Count(tracked, -1);
  ChangeLoad(tracked.index, LoadOf(tracked), {});
}

void JobView::Move(TrackedPod& tracked, TrackedPod next) {
  const IndexLoad load_before = LoadOf(tracked);
  const std::uint32_t before = MembershipsOf(tracked);
  const std::uint32_t after = MembershipsOf(next);
  Count(tracked, -1);
  Quit(tracked, before & ~after);
  next.places = tracked.places;
  tracked = std::move(next);
  Join(tracked, after & ~before);
  Count(tracked, 1);
  ChangeLoad(tracked.index, load_before, LoadOf(tracked));
}

void JobView::Join(TrackedPod& tracked, std::uint32_t lists) {
  if ((lists & kActive) != 0) active_.Add(tracked);
  if ((lists & kAccountable) != 0) accountable_.Add(tracked);
  if ((lists & kTrackedTerminating) != 0) tracked_terminating_.Add(tracked);
  if ((lists & kFailsJob) != 0) fail_job_.insert(&tracked);
  if ((lists & kUnselected) != 0) unselected_.insert(&tracked);
}

void JobView::Quit(TrackedPod& tracked, std::uint32_t lists) {
  if ((lists & kActive) != 0) active_.Remove(tracked);
  if ((lists & kAccountable) != 0) accountable_.Remove(tracked);
  if ((lists & kTrackedTerminating) != 0) tracked_terminating_.Remove(tracked);
  if ((lists & kFailsJob) != 0) fail_job_.erase(&tracked);
  if ((lists & kUnselected) != 0) unselected_.erase(&tracked);
}

void JobView::Count(const TrackedPod& tracked, std::int32_t sign) {
  if (tracked.active && !InRange(tracked.index)) active_outside_ += sign;
  ready_count_ += tracked.ready ? sign : 0;
  terminating_count_ += tracked.terminating ? sign : 0;
  restart_sum_ += sign * tracked.restarts;
  ended_with_finalizer_ += tracked.ended && tracked.finalizer ? sign : 0;
}

JobView::IndexLoad JobView::LoadOf(const TrackedPod& tracked) const {
  return {tracked.active, tracked.terminating, tracked.succeeded && tracked.finalizer, EndsIndex(tracked)};
}

void JobView::ChangeLoad(CompletionIndex index, const IndexLoad& before, const IndexLoad& after) {
  if (index < 0 || before == after) return;
  IndexLoad load = LoadOf(index);
  load.active += after.active - before.active;
  load.terminating += after.terminating - before.terminating;
  load.succeeded += after.succeeded - before.succeeded;
  load.ends_index += after.ends_index - before.ends_index;
  if (load.active > 1) {
    duplicated_.insert(index);
  } else if (!duplicated_.empty()) {
    duplicated_.erase(index);
  }
  SetLoad(index, load);
  RefreshIndex(index, load);
}

JobView::IndexLoad JobView::LoadOf(CompletionIndex index) const {
  if (const auto at = load_.find(index); at != load_.end()) return Unpacked(at->second);
  const auto large = large_load_.find(index);
  return large == large_load_.end() ? IndexLoad{} : large->second;
}

std::optional<std::uint8_t> JobView::Packed(const IndexLoad& load) {
  std::uint32_t out = 0;
  for (const std::int32_t count : {load.active, load.terminating, load.succeeded, load.ends_index}) {
    if (count < 0 || count > 3) return std::nullopt;
    out = out << 2 | static_cast<std::uint32_t>(count);
  }
  return static_cast<std::uint8_t>(out);
}

JobView::IndexLoad JobView::Unpacked(std::uint8_t packed) {
  return {packed >> 6 & 3, packed >> 4 & 3, packed >> 2 & 3, packed & 3};
}

void JobView::SetLoad(CompletionIndex index, const IndexLoad& load) {
  const std::optional<std::uint8_t> packed = Packed(load);
  if (!large_load_.empty()) large_load_.erase(index);
  if (packed && *packed != 0) {
    load_[index] = *packed;
    return;
  }
  load_.erase(index);
  if (!packed) large_load_[index] = load;
}

void JobView::RefreshIndexes(const std::vector<CompletionIndex>& indexes) {
  for (const CompletionIndex index : indexes) RefreshIndex(index, LoadOf(index));
}

void JobView::RefreshIndex(CompletionIndex index, const IndexLoad& load) {
  if (!InRange(index)) return;
  const auto put = [index](IndexSet& set, bool member) {
    if (member) {
      set.Insert(index);
    } else {
      set.Erase(index);
    }
    return member;
  };
  // An index ends once. A pod that was deleted, replaced, and then succeeds after all could end it twice: an end that
  // status has stays, and of two new ones success wins. (Upstream writes both, and its server keeps refusing that.)
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
  // Only the differences are processed.
  RefreshIndexes(old_completed.DifferenceWith(completed_));
  RefreshIndexes(old_failed.DifferenceWith(failed_in_status_));
}

void JobView::RebuildIndexes() {
  succeeded_ = {};
  failed_ = {};
  taken_ = {};
  completed_ = {};
  failed_in_status_ = {};
  if (!spec_->indexed()) return;
  ReadIndexTexts();
  for (const auto& [index, packed] : load_) RefreshIndex(index, Unpacked(packed));
  for (const auto& [index, load] : large_load_) RefreshIndex(index, load);
}

// The spec has changed, and with it perhaps what each pod counts as. Rare, so all pods are classified again.
void JobView::Reclassify() {
  std::vector<TrackedPod*> old;
  old.reserve(pods_.size());
  for (const auto& tracked : pods_) old.push_back(tracked.get());
  std::sort(old.begin(), old.end(), [](const TrackedPod* a, const TrackedPod* b) { return a->order < b->order; });
  const SettledPods old_settled = std::exchange(settled_, {});
  for (PodList* list : {&active_, &accountable_, &tracked_terminating_}) list->Clear();
  fail_job_.clear(), unselected_.clear();
  active_outside_ = ready_count_ = terminating_count_ = 0;
  restart_sum_ = ended_with_finalizer_ = 0;
  load_.clear();
  large_load_.clear();
  duplicated_.clear();
  RebuildIndexes();
  for (TrackedPod* const pod : old) {
    const bool first_sight = !pod->classified;
    TrackedPod next = Classify(*pod->pod, pod->order, nullptr);
    next.places = pod->places;
    *pod = std::move(next);
    Enter(*pod);
    if (first_sight && pod->failed && pod->finalizer) unreported_.Add(*pod);
    SettleIfDone(*pod);
  }
  for (const core::Pod* pod : old_settled) SetPod(*pod);
}

}  // namespace reprieve::controllers
