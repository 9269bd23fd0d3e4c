// The mechanics of conditions (spec/jobset.md 2.15), and what the counters of a status say (spec/jobset.md 2.5).
#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {
namespace {

bool IsWarning(std::string_view type, bool value) {
  return value && (type == "Failed" || type == "RestartingJobSet");
}

// Of the two startup conditions at most one is True. The other's status alone gives way.
void GiveWay(Sync& sync, std::string_view type) {
  const std::string_view other = type == "StartupPolicyInProgress"  ? "StartupPolicyCompleted"
                                 : type == "StartupPolicyCompleted" ? "StartupPolicyInProgress"
                                                                    : "";
  jobset::Condition* condition = other.empty() ? nullptr : sync.status.FindCondition(other);
  if (condition != nullptr && condition->status == "True") condition->status = "False";
}

}  // namespace

void SetCondition(Sync& sync, std::string_view type, bool value, std::string_view reason, std::string_view message) {
  const std::string_view wanted = value ? "True" : "False";
  jobset::Condition* condition = sync.status.FindCondition(type);
  if (condition == nullptr && !value) return;
  if (condition != nullptr && condition->status == wanted && condition->reason == reason &&
      condition->message == message) {
    return;
  }
  if (condition == nullptr) {
    condition = &sync.status.conditions.emplace_back();
    condition->type = type;
  }
  if (condition->status != wanted) condition->last_transition_time = TruncateToSeconds(sync.now);
  condition->status = wanted;
  condition->reason = reason;
  condition->message = message;
  if (value) GiveWay(sync, type);
  sync.events.push_back({IsWarning(type, value), std::string(reason), std::string(message)});
}

void CountJobs(Sync& sync) {
  std::vector<jobset::ReplicatedJobStatus> next;
  next.reserve(sync.spec.replicated_jobs.size());
  std::vector<jobset::ReplicatedJobStatus>& last = sync.status.replicated_jobs_status;
  for (const std::size_t i : sync.view.layout().positions) {
    const JobSetView::Counts& counts = sync.view.counts(i);
    jobset::ReplicatedJobStatus& status = next.emplace_back();
    status.name = sync.spec.replicated_jobs[i].name;
    status.ready = counts.ready;
    status.succeeded = counts.succeeded;
    status.failed = counts.failed;
    status.active = counts.active;
    status.suspended = counts.suspended;
    // Nearly always what was written last stands in the same order.
    const std::size_t at = next.size() - 1;
    jobset::ReplicatedJobStatus* before =
        at < last.size() && last[at].name == status.name ? &last[at] : sync.status.Find(status.name);
    if (before == nullptr) continue;
    status.rest = before->rest;
    if (!sync.gates().restart_job) continue;
    status.job_restarts = std::move(before->job_restarts);
    status.job_restarts_count_towards_max = std::move(before->job_restarts_count_towards_max);
  }
  last = std::move(next);
}

}  // namespace reprieve::controllers::jobsets
