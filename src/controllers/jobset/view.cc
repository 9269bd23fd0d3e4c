#include "controllers/jobset/view.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "model/job_pods.h"

namespace reprieve::controllers {
namespace {

std::optional<std::int32_t> ReadNumber(const SharedString* text) {
  return text == nullptr ? std::nullopt : ParseInt32(*text);
}

std::int32_t GreatestRestartCount(const core::PodStatus& status) {
  std::int32_t greatest = 0;
  for (const auto* statuses : {&status.init_container_statuses, &status.container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) greatest = std::max(greatest, container.restart_count);
  }
  return greatest;
}

std::optional<Time> FinishedAt(const jobset::JobSetStatus& status) {
  for (const jobset::Condition& condition : status.conditions) {
    if ((condition.type == "Completed" || condition.type == "Failed") && condition.status == "True") {
      return condition.last_transition_time;
    }
  }
  return std::nullopt;
}

}  // namespace

void JobSetView::SetJobSet(const jobset::JobSet& jobset, Time now) {
  jobset_ = &jobset;
  finish_.See(FinishedAt(jobset.status), now);
  const bool same = spec_ == jobset.spec && restarts_ == jobset.status.restarts;
  if (spec_ != jobset.spec) SetSpec(jobset.spec);
  SetJobRestarts(jobset.status, same);
  if (same) return;
  restarts_ = jobset.status.restarts;
  Reclassify();
}

void JobSetView::SetSpec(std::shared_ptr<const jobset::JobSetSpec> spec) {
  spec_ = std::move(spec);
  judge_ = spec_->failure_policy ? policy::JobSetFailureJudge(*spec_->failure_policy) : policy::JobSetFailureJudge();
  position_of_.clear();
  for (std::size_t i = 0; i < spec_->replicated_jobs.size(); ++i) {
    position_of_.emplace(spec_->replicated_jobs[i].name, static_cast<std::int32_t>(i));
  }
  layout_ = JobSetLayout(*spec_);
  job_restarts_.assign(spec_->replicated_jobs.size(), {});
  counted_job_restarts_ = 0;
}

void JobSetView::SetJobRestarts(const jobset::JobSetStatus& status, bool move) {
  if (!gates_.restart_job) return;
  static const jobset::ReplicatedJobStatus kNone;
  std::vector<const jobset::ReplicatedJobStatus*> statuses(job_restarts_.size(), &kNone);
  for (const jobset::ReplicatedJobStatus& of_one : status.replicated_jobs_status) {
    if (const auto position = PositionOf(of_one.name)) statuses[*position] = &of_one;
  }
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    JobRestarts& known = job_restarts_[i];
    if (known.counted != statuses[i]->job_restarts_count_towards_max) {
      known.counted = statuses[i]->job_restarts_count_towards_max;
      counted_job_restarts_ -= known.counted_sum;
      known.counted_sum = std::accumulate(known.counted.begin(), known.counted.end(), std::int64_t{0});
      counted_job_restarts_ += known.counted_sum;
    }
    if (known.all == statuses[i]->job_restarts) continue;
    const std::vector<std::int32_t> before = std::exchange(known.all, statuses[i]->job_restarts);
    if (move) MoveRestarted(i, before);
  }
}

void JobSetView::MoveRestarted(std::size_t position, const std::vector<std::int32_t>& before) {
  const std::vector<std::int32_t>& now = job_restarts_[position].all;
  const auto at = [](const std::vector<std::int32_t>& counts, std::size_t i) {
    return i < counts.size() ? counts[i] : 0;
  };
  for (std::size_t i = 0; i < std::max(now.size(), before.size()); ++i) {
    if (at(now, i) == at(before, i)) continue;
    const auto [first, last] =
        by_slot_.equal_range(SlotOf(static_cast<std::int32_t>(position), static_cast<std::int32_t>(i)));
    std::vector<ChildJob*> moved;
    for (auto child = first; child != last; ++child) moved.push_back(child->second);
    for (ChildJob* child : moved) {
      Leave(*child);
      Classify(*child);
      Enter(*child);
    }
  }
}

std::optional<std::size_t> JobSetView::PositionOf(const std::string& replicated_job) const {
  const auto at = position_of_.find(replicated_job);
  if (at == position_of_.end()) return std::nullopt;
  return static_cast<std::size_t>(at->second);
}

void JobSetView::RemoveJobSet() {
  jobset_ = nullptr;
}

void JobSetView::SetChild(const batch::Job& job) {
  const auto [at, fresh] = children_.try_emplace(job.metadata.uid);
  ChildJob& child = at->second;
  if (!fresh) Leave(child);
  child.job = &job;
  child.name = job.metadata.name;
  Classify(child);
  Enter(child);
}

void JobSetView::RemoveChild(const batch::Job& job) {
  const auto at = children_.find(job.metadata.uid);
  if (at == children_.end()) return;
  Leave(at->second);
  children_.erase(at);
}

void JobSetView::NoteEnd(const meta::Uid& job_uid, std::shared_ptr<const world::Verdict> verdict) {
  const auto at = children_.find(job_uid);
  if (at != children_.end()) at->second.end = std::move(verdict);
}

void JobSetView::Classify(ChildJob& child) const {
  const batch::Job& job = *child.job;
  const meta::Labels& labels = job.metadata.labels;
  child.deleting = job.metadata.deleting();
  child.replicated_job.clear();
  child.position = child.index = child.named_position = child.named_index = -1;
  child.problem.clear();
  child.ready = child.has_active = child.suspended = child.misfit = false;
  if (jobset_ == nullptr) {
    child.bucket = Bucket::kActive;
    return;
  }
  if (const SharedString* name = labels.Find(jobset::kReplicatedJobName)) {
    child.replicated_job = *name;
    if (const auto at = position_of_.find(name->str()); at != position_of_.end()) child.position = at->second;
  }
  child.index = ReadNumber(labels.Find(jobset::kJobIndex)).value_or(-1);
  // js-workers-3: index 3 of workers.
  const std::string_view name = child.name;
  const std::size_t dash = name.rfind('-');
  const std::string_view prefix = jobset_->metadata.name;
  if (dash != name.npos && dash > prefix.size() && name.starts_with(prefix) && name[prefix.size()] == '-') {
    const auto index = ParseInt32(name.substr(dash + 1));
    const auto at = position_of_.find(std::string(name.substr(prefix.size() + 1, dash - prefix.size() - 1)));
    if (index && *index >= 0 && at != position_of_.end()) {
      child.named_position = at->second;
      child.named_index = *index;
    }
  }
  child.bucket = BucketOf(child);
  if (!child.is_active()) return;
  const batch::JobSpec& spec = *job.spec;
  child.ready = job.status.succeeded + job.status.ready.value_or(0) >= batch::PodsAtOnce(spec);
  child.has_active = job.status.active > 0;
  child.suspended = spec.suspended();
  child.misfit = IsMisfit(child);
}

// The order of the questions is upstream's (spec/jobset.md 2.4).
Bucket JobSetView::BucketOf(ChildJob& child) const {
  const batch::Job& job = *child.job;
  const meta::Labels& labels = job.metadata.labels;
  const auto unreadable = [&](std::string_view label) {
    child.problem = Cat("job ", child.name, ": label ", label, " is missing or malformed");
    return Bucket::kUnreadable;
  };
  const auto attempt = ReadNumber(labels.Find(jobset::kRestartAttempt));
  if (!attempt) return unreadable(jobset::kRestartAttempt);
  if (*attempt < restarts_) return Bucket::kPrevious;
  if (gates_.restart_job) {
    if (labels.Find(jobset::kReplicatedJobName) == nullptr) return unreadable(jobset::kReplicatedJobName);
    if (!ReadNumber(labels.Find(jobset::kJobIndex))) return unreadable(jobset::kJobIndex);
    // Jobs made before the gate was turned on have none.
    if (const SharedString* text = labels.Find(jobset::kJobRestartAttempt)) {
      const auto own = ParseInt32(*text);
      if (!own) return unreadable(jobset::kJobRestartAttempt);
      const std::int32_t replicas =
          child.position < 0 ? 0 : spec_->replicated_jobs[static_cast<std::size_t>(child.position)].replicas;
      if (child.index < 0 || child.index >= replicas) return unreadable(jobset::kJobIndex);
      const std::vector<std::int32_t>& targets = job_restarts_[static_cast<std::size_t>(child.position)].all;
      const auto index = static_cast<std::size_t>(child.index);
      if (*own < (index < targets.size() ? targets[index] : 0)) return Bucket::kPrevious;
    }
  }
  for (const batch::JobCondition& condition : job.status.conditions) {
    if (condition.status != "True") continue;
    if (condition.type == "Failed") return Bucket::kFailed;
    if (condition.type == "Complete") return Bucket::kSuccessful;
  }
  return Bucket::kActive;
}

// A template that leaves both open asks for nothing: upstream patches such Jobs again in every pass
// (spec/jobset.md 2.13).
bool JobSetView::IsMisfit(const ChildJob& child) const {
  if (!gates_.elastic_job_set || child.position < 0) return false;
  const batch::JobSpec& wanted = *spec_->replicated_jobs[static_cast<std::size_t>(child.position)].job_template.spec;
  if (wanted.parallelism != wanted.completions || !wanted.parallelism) return false;
  return child.job->spec->parallelism != wanted.parallelism || child.job->spec->completions != wanted.completions;
}

void JobSetView::Enter(ChildJob& child) {
  if (!child.deleting) living_.insert(&child);
  if (gates_.restart_job && child.position >= 0 && child.index >= 0) {
    by_slot_.emplace(SlotOf(child.position, child.index), &child);
  }
  switch (child.bucket) {
    case Bucket::kUnreadable:
      unreadable_.insert(&child);
      break;
    case Bucket::kPrevious:
      ++previous_count_;
      if (!child.deleting) previous_live_.insert(&child);
      break;
    case Bucket::kActive:
      if (!child.deleting) active_live_.insert(&child);
      (child.suspended ? suspended_ : running_).insert(&child);
      if (child.misfit) misfits_.insert(&child);
      break;
    case Bucket::kSuccessful:
      ++successful_count_;
      break;
    case Bucket::kFailed:
      if (child.failed_order == 0) child.failed_order = next_failed_order_++;
      failed_.insert(&child);
      break;
  }
  if (child.position >= 0) {
    Counts& counts = counts_[static_cast<std::size_t>(child.position)];
    counts.ready += child.ready;
    counts.active += child.has_active;
    counts.suspended += child.suspended;
    counts.succeeded += child.bucket == Bucket::kSuccessful;
    counts.failed += child.bucket == Bucket::kFailed;
  }
  if (child.named_position >= 0) missing_[static_cast<std::size_t>(child.named_position)].Erase(child.named_index);
}

void JobSetView::Leave(ChildJob& child) {
  if (!child.deleting) living_.erase(&child);
  if (gates_.restart_job && child.position >= 0 && child.index >= 0) {
    const auto [first, last] = by_slot_.equal_range(SlotOf(child.position, child.index));
    by_slot_.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second == &child; }));
  }
  switch (child.bucket) {
    case Bucket::kUnreadable:
      unreadable_.erase(&child);
      break;
    case Bucket::kPrevious:
      --previous_count_;
      if (!child.deleting) previous_live_.erase(&child);
      break;
    case Bucket::kActive:
      if (!child.deleting) active_live_.erase(&child);
      (child.suspended ? suspended_ : running_).erase(&child);
      if (child.misfit) misfits_.erase(&child);
      break;
    case Bucket::kSuccessful:
      --successful_count_;
      break;
    case Bucket::kFailed:
      failed_.erase(&child);
      break;
  }
  if (child.position >= 0) {
    Counts& counts = counts_[static_cast<std::size_t>(child.position)];
    counts.ready -= child.ready;
    counts.active -= child.has_active;
    counts.suspended -= child.suspended;
    counts.succeeded -= child.bucket == Bucket::kSuccessful;
    counts.failed -= child.bucket == Bucket::kFailed;
  }
  if (child.named_position >= 0) {
    const auto position = static_cast<std::size_t>(child.named_position);
    if (child.named_index < spec_->replicated_jobs[position].replicas) missing_[position].Insert(child.named_index);
  }
}

void JobSetView::Reclassify() {
  for (Children* set : {&living_, &previous_live_, &active_live_, &running_, &suspended_, &misfits_, &unreadable_}) {
    set->clear();
  }
  by_slot_.clear();
  failed_.clear();
  previous_count_ = successful_count_ = 0;
  counts_.assign(spec_->replicated_jobs.size(), {});
  missing_.clear();
  for (const jobset::ReplicatedJob& replicated : spec_->replicated_jobs) {
    missing_.push_back(policy::IndexSet::Upto(replicated.replicas));
  }
  for (auto& [uid, child] : children_) {
    Classify(child);
    Enter(child);
  }
}

std::string JobSetView::Problem() const {
  if (!unreadable_.empty()) return (*unreadable_.begin())->problem;
  return {};
}

void JobSetView::SetPod(const core::Pod& pod) {
  PodFacts facts;
  facts.restart_count = GreatestRestartCount(pod.status);
  if (const SharedString* text = pod.metadata.annotations.Find(jobset::kInPlaceRestartAttempt);
      text != nullptr && pod.status.phase != core::PodPhase::kFailed) {
    facts.attempt = ParseInt32(*text);
    facts.unreadable = !facts.attempt || *facts.attempt < 0;
    if (facts.unreadable) facts.attempt.reset();
  }
  PodFacts& known = pods_[&pod];
  Count(known, false);
  known = facts;
  Count(known, true);
}

void JobSetView::RemovePod(const core::Pod& pod) {
  const auto at = pods_.find(&pod);
  if (at == pods_.end()) return;
  Count(at->second, false);
  pods_.erase(at);
}

void JobSetView::Count(const PodFacts& facts, bool entering) {
  const auto add = [entering](std::map<std::int32_t, std::int32_t>& counts, std::int32_t key) {
    const auto at = counts.try_emplace(key, 0).first;
    at->second += entering ? 1 : -1;
    if (at->second == 0) counts.erase(at);
  };
  if (facts.restart_count > 0) add(restart_counts_, facts.restart_count);
  if (facts.attempt) add(attempts_, *facts.attempt);
  unreadable_pods_ += facts.unreadable ? (entering ? 1 : -1) : 0;
}

JobSetView::InPlace JobSetView::in_place() const {
  InPlace out;
  if (!restart_counts_.empty()) out.greatest_restart_count = restart_counts_.rbegin()->first;
  for (const auto& [attempt, pods] : attempts_) out.attempts += static_cast<std::size_t>(pods);
  if (!attempts_.empty()) {
    out.lowest = attempts_.begin()->first;
    out.highest = attempts_.rbegin()->first;
  }
  out.unreadable = unreadable_pods_ > 0;
  return out;
}

}  // namespace reprieve::controllers
