#include "kube/restart_times.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::kube {
namespace {

bool HasItsPods(const batch::Job& job) {
  const batch::JobStatus& status = job.status;
  const std::int32_t parallelism = job.spec->parallelism.value_or(1);
  const std::int32_t wanted = std::min(parallelism, job.spec->completions.value_or(parallelism));
  return status.active + status.succeeded + status.failed >= wanted;
}

std::optional<std::int64_t> AttemptOf(const batch::Job& job) {
  const SharedString* label = job.metadata.labels.Find(jobset::kRestartAttempt);
  return label == nullptr ? std::nullopt : ParseInt64(label->view());
}

}  // namespace

void RestartTimes::Judged(const world::Verdict& verdict, const jobset::JobSet& jobset, const batch::Job& failed) {
  if (!verdict.restart || verdict.restart->one_job) return;
  const batch::JobCondition* condition = failed.status.FindCondition("Failed");
  const std::optional<std::int64_t> attempt = AttemptOf(failed);
  if (condition == nullptr || !condition->last_transition_time || !attempt) return;
  const meta::ObjectKey key = meta::KeyOf(jobset.metadata);
  if (pending_.size() >= kMaxPending && !pending_.contains(key)) return;
  Pending pending{*condition->last_transition_time, *attempt + 1};
  for (const jobset::ReplicatedJob& replicated : jobset.spec->replicated_jobs) pending.jobs += replicated.replicas;
  pending_[key] = std::move(pending);
}

void RestartTimes::JobSetChanged(const jobset::JobSet& jobset) {
  const auto at = pending_.find(meta::KeyOf(jobset.metadata));
  if (at == pending_.end()) return;
  const bool overtaken = jobset.status.restarts > at->second.attempt;
  if (overtaken || jobset.status.IsFinished() || jobset.spec->suspended() || jobset.metadata.deleting()) {
    pending_.erase(at);
  }
}

void RestartTimes::JobChanged(const batch::Job& job, Time now) {
  if (pending_.empty() || job.metadata.deleting()) return;
  const meta::OwnerReference* owner = job.metadata.Controller();
  if (owner == nullptr || owner->kind != "JobSet") return;
  const auto at = pending_.find({job.metadata.namespace_, owner->name});
  if (at == pending_.end()) return;
  Pending& pending = at->second;
  if (AttemptOf(job) != pending.attempt || !HasItsPods(job)) return;
  pending.filled.insert(job.metadata.uid);
  if (static_cast<std::int64_t>(pending.filled.size()) < pending.jobs) return;
  const meta::ObjectKey key = at->first;
  const Nanoseconds took = std::max(now - pending.failed_at, Nanoseconds(0));
  pending_.erase(at);
  done_(key, took);
}

}  // namespace reprieve::kube
