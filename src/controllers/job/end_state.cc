// When a Job ends, and why: the first that holds decides (spec/job.md 2.7).
#include "base/saturate.h"
#include "base/text.h"
#include "controllers/job/sync.h"
#include "policy/job_failure.h"
#include "policy/success_policy.h"

namespace reprieve::controllers::job {
namespace {

std::optional<EndState> Recorded(const batch::JobStatus& status) {
  for (const bool success : {true, false}) {
    EndState end{success, {}, {}};
    if (!status.IsTrue(end.interim())) continue;
    const batch::JobCondition* condition = status.FindCondition(end.interim());
    end.reason = condition->reason;
    end.message = condition->message;
    return end;
  }
  return std::nullopt;
}

EndState FailedBy(const policy::JobFailure& failure) {
  return {false, std::string(failure.reason), std::string(failure.message)};
}

std::optional<EndState> PolicyFailsJob(const JobView& view) {
  if (view.fail_job().empty()) return std::nullopt;
  const TrackedPod& pod = **view.fail_job().begin();
  return EndState{false, std::string(policy::kPodFailurePolicy), policy::FailJobMessage(pod.judged->verdict, *pod.pod)};
}

// Under OnFailure containers restart in place (spec/job.md 2.8).
bool BackoffLimitExceeded(const Sync& sync) {
  if (policy::ExceedsBackoffLimit(sync.failed, sync.spec.backoff_limit)) return true;
  if (sync.spec.pod_template.spec->restart_policy != core::RestartPolicy::kOnFailure) return false;
  return sync.view.restart_sum() > policy::RestartsTolerated(sync.spec.backoff_limit);
}

bool DeadlineExceeded(Sync& sync) {
  if (!sync.spec.active_deadline_seconds || !sync.status.start_time || sync.spec.suspended()) return false;
  // A startTime that is not written yet is `now`.
  const Time started = sync.status.start_time == sync.job.status.start_time ? sync.view.LatestStart() : sync.now;
  const Time deadline = started + DurationOfSeconds(*sync.spec.active_deadline_seconds);
  if (sync.now >= deadline) return true;
  sync.LookAgain(deadline);
  return false;
}

std::optional<EndState> FailedIndexesEnd(const Sync& sync) {
  if (!sync.spec.indexed() || !sync.spec.backoff_limit_per_index) return std::nullopt;
  const std::int64_t failed = sync.view.failed().size();
  if (sync.spec.max_failed_indexes && failed > *sync.spec.max_failed_indexes) {
    return FailedBy(policy::kMaxFailedIndexesExceeded);
  }
  if (failed > 0 && failed + sync.succeeded >= sync.spec.completions.value_or(0)) {
    return FailedBy(policy::kFailedIndexes);
  }
  return std::nullopt;
}

std::optional<EndState> SuccessPolicyEnd(const Sync& sync) {
  if (!sync.spec.indexed() || !sync.spec.success_policy || sync.succeeded == 0) return std::nullopt;
  const auto rule =
      policy::MatchSuccessPolicy(*sync.spec.success_policy, sync.view.succeeded(), sync.spec.completions.value_or(0));
  if (!rule) return std::nullopt;
  return EndState{true, "SuccessPolicy", Cat("Matched rules at index ", *rule)};
}

}  // namespace

void DecideEnd(Sync& sync) {
  sync.end = Recorded(sync.status);
  sync.ended_before = sync.end.has_value();
  if (!sync.end) sync.end = PolicyFailsJob(sync.view);
  if (!sync.end && BackoffLimitExceeded(sync)) sync.end = FailedBy(policy::kBackoffLimitExceeded);
  if (!sync.end && DeadlineExceeded(sync)) sync.end = FailedBy(policy::kDeadlineExceeded);
  if (!sync.end) sync.end = FailedIndexesEnd(sync);
  if (!sync.end) sync.end = SuccessPolicyEnd(sync);
}

void DeleteActive(Sync& sync) {
  if (sync.view.active().empty()) return;
  world::Stage& stage = sync.plan().AddStage();
  for (const TrackedPod* pod : JobView::InOrder(sync.view.active())) {
    stage.writes.push_back(world::DeletePod{world::ReferenceTo(*pod->pod)});
  }
  sync.terminating += sync.active;
  sync.active = 0;
  sync.ready = 0;
}

}  // namespace reprieve::controllers::job
