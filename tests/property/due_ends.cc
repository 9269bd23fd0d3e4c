#include "due_ends.h"

#include <algorithm>

#include "base/text.h"
#include "policy/pod_failure_policy.h"

namespace reprieve::property {
namespace {

void KeepLeast(std::optional<std::int64_t>& least, std::int64_t value) {
  least = least ? std::min(*least, value) : value;
}

}  // namespace

void DueEnds::See(const batch::Job& job, Time now) {
  spec_ = job.spec;
  if (job.status.start_time != start_time_) {
    start_time_ = job.status.start_time;
    started_ = writes_take_time_ ? start_time_.value_or(now) : now;
  }
  KeepLeast(backoff_limit_, spec_->backoff_limit.value_or(6));
  if (spec_->completions) KeepLeast(completions_, *spec_->completions);
}

void DueEnds::See(const core::Pod& pod) {
  const meta::Uid& uid = pod.metadata.uid;
  const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
  std::int64_t& most = restarts_[uid];
  std::int64_t restarts = 0;
  for (const core::ContainerStatus& container : pod.status.container_statuses) restarts += container.restart_count;
  most = std::max(most, restarts);
  if (pod.status.phase == core::PodPhase::kFailed || pod.metadata.deleting()) perhaps_failed_.insert(uid);
  if (pod.status.phase == core::PodPhase::kSucceeded) {
    succeeded_.insert(uid);
    if (index != nullptr) succeeded_indexes_.insert(index->str());
    return;
  }
  if (pod.status.phase != core::PodPhase::kFailed && !pod.metadata.deleting()) return;
  failed_.insert(uid);
  if (index != nullptr) failed_indexes_.insert(index->str());
  const policy::PodVerdict verdict = policy::JudgePod(spec_->pod_failure_policy, pod);
  if (verdict.counts()) counted_.insert(uid);
  if (verdict.action == batch::FailureAction::kFailJob) fails_job_.insert(uid);
}

std::optional<std::string> DueEnds::Objection(const batch::Job& job, Time now) const {
  const bool success = job.status.IsTrue("SuccessCriteriaMet") || job.status.IsTrue("Complete");
  const batch::JobCondition* end = nullptr;
  for (const char* type : {"SuccessCriteriaMet", "Complete", "FailureTarget", "Failed"}) {
    const bool of_success = type[0] == 'S' || type[0] == 'C';
    if (end == nullptr && of_success == success && job.status.IsTrue(type)) end = job.status.FindCondition(type);
  }
  if (end == nullptr) return std::nullopt;
  const auto size = [](const auto& set) { return static_cast<std::int64_t>(set.size()); };
  const std::string& reason = end->reason;
  if (reason == "BackoffLimitExceeded") {
    if (spec_->pod_template.spec->restart_policy == core::RestartPolicy::kOnFailure) {
      std::int64_t restarts = 0;
      for (const auto& [uid, most] : restarts_) restarts += most;
      if (restarts > 0 && restarts >= *backoff_limit_) return std::nullopt;
    }
    return Missing("counted failures", size(counted_), *backoff_limit_ + 1);
  }
  if (reason == "PodFailurePolicy") return Missing("pods that a FailJob rule matches", size(fails_job_), 1);
  if (reason == "MaxFailedIndexesExceeded") {
    return Missing("failed indexes", size(failed_indexes_), spec_->max_failed_indexes.value_or(0) + 1);
  }
  if (reason == "FailedIndexes") return Missing("failed indexes", size(failed_indexes_), 1);
  if (reason == "DeadlineExceeded") {
    if (!spec_->active_deadline_seconds || !job.status.start_time) return "there is no deadline";
    if (now + leeway_ < started_ + Seconds(*spec_->active_deadline_seconds)) return "the deadline was later";
    return std::nullopt;
  }
  if (reason == "SuccessPolicy") {
    std::optional<std::int64_t> needed;
    for (const batch::SuccessPolicyRule& rule : spec_->success_policy->rules) {
      KeepLeast(needed, rule.succeeded_count.value_or(1));
    }
    return Missing("succeeded indexes", size(succeeded_indexes_), needed.value_or(0));
  }
  if (reason == "CompletionsReached") {
    if (spec_->indexed()) return Missing("succeeded indexes", size(succeeded_indexes_), *completions_);
    return Missing("succeeded pods", size(succeeded_), completions_.value_or(1));
  }
  return Cat("nothing is known of the reason ", reason);
}

std::optional<std::string> DueEnds::Missing(std::string_view what, std::int64_t there, std::int64_t needed) const {
  if (there >= needed) return std::nullopt;
  return Cat("there were ", there, " ", what, " of the ", needed, " that it takes");
}

}  // namespace reprieve::property
