#include "report/job_history.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/saturate.h"
#include "base/text.h"
#include "controllers/job/reconcile.h"
#include "policy/job_failure.h"

namespace reprieve::report {
namespace {

using controllers::IndexSet;
using controllers::JobView;

std::optional<JobEnd> EndOf(const batch::JobStatus& status) {
  std::optional<JobEnd> out;
  for (const auto& condition : status.conditions) {
    const bool success = condition.type == "SuccessCriteriaMet" || condition.type == "Complete";
    if (!success && condition.type != "FailureTarget" && condition.type != "Failed") continue;
    if (condition.status != "True") continue;
    const Time at = condition.last_transition_time.value_or(Time::max());
    if (out && out->at <= at) continue;
    out = JobEnd{success, condition.reason, condition.message, at};
  }
  return out;
}

// When somebody asked for the object to go.
std::optional<Time> DeletionAskedAt(const meta::ObjectMeta& metadata) {
  const auto grace_over = metadata.deletion_timestamp();
  if (!grace_over) return std::nullopt;
  return *grace_over - DurationOfSeconds(metadata.deletion_grace_period_seconds().value_or(0));
}

bool ListedIn(const std::vector<meta::Uid>& uids, const meta::Uid& uid) {
  return std::find(uids.begin(), uids.end(), uid) != uids.end();
}

// A pod that ended, and its copy, which the controller is shown.
struct Ended {
  const core::Pod* pod = nullptr;
  Time at;
  bool failed = false;
  std::size_t failure = 0;  // its place in the history, where failed
};

class Replay {
 public:
  Replay(const batch::Job& job, const std::vector<const core::Pod*>& pods) : pods_(pods) {
    out_.job = &job;
    out_.end = EndOf(job.status);
  }

  JobHistory Run() {
    FindEnded();
    CountFailures();
    Rewind();
    for (std::size_t begin = 0; begin < ended_.size();) {
      std::size_t end = begin + 1;
      while (end < ended_.size() && ended_[end].at == ended_[begin].at) ++end;
      ShowTogether(begin, end);
      begin = end;
    }
    out_.backoff = view_.backoff;
    AddEnd();
    return std::move(out_);
  }

 private:
  const batch::Job& job() const { return *out_.job; }
  const batch::JobSpec& spec() const { return *out_.job->spec; }

  bool IsSelected(const core::Pod& pod) const {
    return !spec().selector || spec().selector->Matches(pod.metadata.labels);
  }

  static bool IsTracked(const core::Pod& pod) { return pod.metadata.finalizers.Contains(batch::kTrackingFinalizer); }

  // As the controller's view has it; a pod that was deleted after it lost its finalizer was removed by the Job itself.
  bool HasFailed(const core::Pod& pod) const {
    if (pod.status.phase == core::PodPhase::kFailed) return true;
    if (!IsTracked(pod)) return false;
    JobView view;
    view.SetJob(job());
    view.SetPod(pod);
    const controllers::TrackedPod* tracked = view.Find(pod);
    return tracked != nullptr && tracked->failed;
  }

  // Where terminating pods are replaced, a deleted pod counts as failed from then on.
  Time FailedAt(const core::Pod& pod) const {
    const Time finished = policy::FinishTime(pod);
    const auto deleted = DeletionAskedAt(pod.metadata);
    return deleted && !spec().replaces_only_failed() ? std::min(*deleted, finished) : finished;
  }

  static bool IsDisrupted(const core::Pod& pod) {
    const core::PodCondition* condition = pod.status.FindCondition(core::kDisruptionTargetCondition);
    return condition != nullptr && condition->status == "True";
  }

  void FindEnded() {
    for (const core::Pod* pod : pods_) {
      const bool succeeded = pod->status.phase == core::PodPhase::kSucceeded;
      if (!succeeded && !pod->metadata.deleting() && pod->status.phase != core::PodPhase::kFailed) continue;
      const bool failed = !succeeded && HasFailed(*pod);
      if (failed || succeeded) ended_.push_back({pod, failed ? FailedAt(*pod) : policy::FinishTime(*pod), failed});
    }
    std::stable_sort(ended_.begin(), ended_.end(), [](const Ended& a, const Ended& b) {
      return a.at != b.at ? a.at < b.at : a.pod->metadata.name < b.pod->metadata.name;
    });
    PutCauseFirst();
    for (Ended& each : ended_) {
      if (!each.failed) continue;
      each.failure = out_.failures.size();
      PodFailure& failure = out_.failures.emplace_back();
      failure.pod = each.pod;
      failure.at = each.at;
      const auto index = spec().indexed() ? policy::CompletionIndexOf(*each.pod) : std::nullopt;
      if (index && *index < spec().completions.value_or(0)) failure.index = *index;
    }
  }

  policy::PodVerdict Judged(const core::Pod& pod) const { return policy::JudgePod(spec().pod_failure_policy, pod); }

  // The condition names the pod that ended the Job. Of several that could have, the controller may have seen another
  // one first than the one that ended first.
  void PutCauseFirst() {
    if (!out_.end || out_.end->reason != "PodFailurePolicy") return;
    auto first = ended_.end();
    for (auto at = ended_.begin(); at != ended_.end(); ++at) {
      if (!at->failed) continue;
      const policy::PodVerdict verdict = Judged(*at->pod);
      if (verdict.action != batch::FailureAction::kFailJob) continue;
      if (first == ended_.end()) first = at;
      if (policy::FailJobMessage(verdict, *at->pod) != out_.end->message) continue;
      cause_ = at->pod;
      if (first == at) return;
      // The others are judged with it.
      for (auto other = first; other != at; ++other) other->at = at->at;
      std::rotate(first, at, at + 1);
      return;
    }
  }

  void CountFailures() {
    const batch::JobStatus& status = job().status;
    static const batch::UncountedTerminatedPods kNone;
    const batch::UncountedTerminatedPods& uncounted =
        status.uncounted_terminated_pods ? *status.uncounted_terminated_pods : kNone;
    out_.counted = std::int64_t{status.failed} + static_cast<std::int64_t>(uncounted.failed.size());
    std::int64_t here = 0;
    for (const PodFailure& failure : out_.failures) {
      const bool valid = !spec().indexed() || failure.index >= 0;
      const bool counts = valid && IsSelected(*failure.pod) && Judged(*failure.pod).counts();
      if (!counts) {
        if (valid) ++out_.ignored;
        continue;
      }
      if (IsTracked(*failure.pod) && !ListedIn(uncounted.failed, failure.pod->metadata.uid)) {
        ++out_.pending;
      } else {
        ++here;
      }
    }
    out_.gone = std::max<std::int64_t>(0, out_.counted - here);
    if (spec().indexed()) {
      out_.failed_indexes = IndexSet::ParseLenient(status.failed_indexes.value_or(""), spec().completions.value_or(0));
    }
  }

  // The Job as it was before the failures that are there: neither ended nor suspended, no deadline ahead.
  void Rewind() {
    auto spec = std::make_shared<batch::JobSpec>(*job().spec);
    spec->active_deadline_seconds.reset();
    spec->success_policy.reset();
    spec->suspend.reset();
    for (batch::Job& each : jobs_) {
      each = job();
      each.spec = spec;
      each.metadata.deletion.reset();
    }
    batch::JobStatus status;
    status.start_time = job().status.start_time;
    status.failed = static_cast<std::int32_t>(out_.gone);
    if (spec->indexed()) {
      // Of indexes whose pods are gone it is not known when they ended: failed ones count as failed before; completed
      // ones do not matter.
      IndexSet failed = out_.failed_indexes;
      for (const PodFailure& failure : out_.failures) failed.Erase(failure.index);
      if (spec->backoff_limit_per_index) status.failed_indexes = failed.ToText();
    }
    SetStatus(std::move(status));
  }

  void SetStatus(batch::JobStatus status) {
    now_ = 1 - now_;
    jobs_[now_].status = std::move(status);
    view_.SetJob(jobs_[now_]);
  }
  const batch::JobStatus& status() const { return jobs_[now_].status; }

  // Why the pod needs no verdict; empty: it does.
  std::string WhyUnjudged(const PodFailure& failure, const Ended& ended) const {
    if (!IsSelected(*failure.pod)) return "the Job's selector does not match it: it counts for nothing";
    if (spec().managed_by && *spec().managed_by != batch::kBuiltInController) {
      return Cat("spec.managedBy hands the Job over to ", *spec().managed_by, ", which judges by rules of its own");
    }
    if (spec().completion_mode == batch::CompletionMode::kUnknown) return "the Job's completionMode is not known";
    const auto deleted = DeletionAskedAt(failure.pod->metadata);
    if (out_.end && failure.pod != cause_) {
      const Time end = out_.end->at;
      // The Job's own deletions are no disruptions.
      if (ended.at > end || (deleted && *deleted >= end && !IsDisrupted(*failure.pod))) {
        return Cat("it ended with its Job, which had ", out_.end->success ? "succeeded" : "failed", " by then");
      }
    }
    const auto job_deleted = DeletionAskedAt(job().metadata);
    if (job_deleted && (ended.at > *job_deleted || (deleted && *deleted >= *job_deleted))) {
      return "it ended with its Job, which was deleted";
    }
    return {};
  }

  // Pods that ended in the same second are judged together, as the controller does.
  void ShowTogether(std::size_t begin, std::size_t end) {
    std::vector<core::Pod*> shown;
    std::vector<std::size_t> places;
    std::vector<Time> successes;
    for (std::size_t i = begin; i < end; ++i) {
      const Ended& each = ended_[i];
      if (!each.failed) {
        NoteSuccess(*each.pod);
        successes.push_back(each.at);
        continue;
      }
      PodFailure& failure = out_.failures[each.failure];
      failure.unjudged = WhyUnjudged(failure, each);
      if (!failure.unjudged.empty()) continue;
      core::Pod& copy = copies_.emplace_back(*each.pod);
      copy.metadata.finalizers.Add(batch::kTrackingFinalizer);
      shown.push_back(&copy);
      places.push_back(each.failure);
    }
    if (!successes.empty()) view_.backoff = policy::NextBackoff(view_.backoff, std::move(successes), {});
    if (shown.empty()) return;
    for (const core::Pod* pod : shown) view_.SetPod(*pod);
    TakeVerdicts(ended_[begin].at, places);
    for (core::Pod* pod : shown) {
      pod->metadata.finalizers.Remove(batch::kTrackingFinalizer);
      view_.SetPod(*pod);
      view_.RemovePod(*pod);
    }
  }

  void NoteSuccess(const core::Pod& pod) {
    if (!spec().indexed()) return;
    const auto index = policy::CompletionIndexOf(pod);
    if (!index) return;
    IndexSet completed = view_.completed();
    completed.Insert(*index);
    // The last one would complete the Job: that is for its status to say.
    if (completed.size() >= spec().completions.value_or(0)) return;
    batch::JobStatus next = status();
    next.completed_indexes = completed.ToText();
    SetStatus(std::move(next));
  }

  void TakeVerdicts(Time at, const std::vector<std::size_t>& places) {
    controllers::ReconcileOptions options;
    options.may_create = false;
    controllers::JobDecision decision = controllers::ReconcileJob(view_, {}, at, options);
    view_.MarkReported(decision.reported);
    if (decision.backoff) view_.backoff = *decision.backoff;
    batch::JobStatus next = status();
    for (const world::Stage& stage : decision.plan.stages) {
      for (const world::Write& write : stage.writes) {
        if (const auto* status = std::get_if<world::WriteJobStatus>(&write)) next = *status->status;
      }
    }
    const std::optional<JobEnd> decided = EndOf(next);
    std::erase_if(next.conditions, [](const batch::JobCondition&) { return true; });
    next.uncounted_terminated_pods.reset();
    next.completion_time.reset();
    for (world::Verdict& verdict : decision.plan.verdicts) {
      if (verdict.pod.empty()) continue;
      next.failed = verdict.failed_after;
      Settle(verdict, decided);
      Keep(std::move(verdict), places);
    }
    for (const std::size_t place : places) {
      PodFailure& failure = out_.failures[place];
      if (!failure.verdict && failure.unjudged.empty()) {
        failure.unjudged = "the Job controller judges it only once the Job can be reconciled";
      }
    }
    SetStatus(std::move(next));
  }

  void Keep(world::Verdict verdict, const std::vector<std::size_t>& places) {
    for (const std::size_t place : places) {
      PodFailure& failure = out_.failures[place];
      if (failure.verdict || failure.pod->metadata.name != verdict.pod) continue;
      if (spec().indexed() && failure.index < 0) {
        verdict.retry.reset();
        verdict.wait.reset();
        verdict.consequence = "its index is not one of the Job's, by now: whether it counted is not known"_shared;
      }
      failure.verdict = std::make_shared<const world::Verdict>(std::move(verdict));
      if (failure.verdict->ends) out_.ended_by = failure.verdict;
      return;
    }
  }

  bool Agrees(const JobEnd& decided) const {
    if (!out_.end || out_.end->reason != decided.reason) return false;
    // With pods gone it may have been another failure that went beyond the limit.
    if (decided.reason == policy::kBackoffLimitExceeded.reason) return out_.gone == 0;
    return decided.reason != "PodFailurePolicy" || decided.message == out_.end->message;
  }

  // Makes of what the controller said what the status bears out.
  void Settle(world::Verdict& verdict, const std::optional<JobEnd>& decided) const {
    const bool counts = verdict.failed_after > verdict.failed_before;
    if (decided && !Agrees(*decided)) {
      const bool about_to = !out_.end && verdict.ends;
      verdict.ends = false;
      if (about_to && out_.pending > 0) {
        verdict.consequence = Cat("Job ", verdict.job, " is about to fail: ", decided->reason);
      } else if (!verdict.retry) {
        verdict.consequence = Cat(counts ? "counted" : "not counted", "; the Job's status shows no end by it");
      }
    }
    if (out_.gone > 0 && !spec().backoff_limit_per_index && counts) SayRange(verdict);
  }

  // With pods gone the number of a failure is known within limits only.
  void SayRange(world::Verdict& verdict) const {
    const std::int64_t last = verdict.failed_after;
    const std::int64_t first = last - out_.gone;
    const std::string which = Cat("counted, as one of the failures ", first, " to ", last, "; backoffLimit ",
                                  spec().backoff_limit.value_or(6));
    if (verdict.retry) {
      verdict.retry.reset();
      verdict.consequence = Cat(which, "; retried");
    } else if (!verdict.ends) {
      verdict.consequence = which;
    }
  }

  void AddEnd() {
    if (!out_.end || out_.end->success || out_.ended_by) return;
    world::Verdict verdict;
    verdict.at = out_.end->at;
    verdict.namespace_ = job().metadata.namespace_;
    verdict.job = job().metadata.name;
    verdict.facts = Cat("ends: ", out_.end->message);
    verdict.action = out_.end->reason;
    verdict.failed_before = verdict.failed_after = static_cast<std::int32_t>(out_.counted);
    verdict.consequence = Cat("Job ", job().metadata.name, " failed: ", out_.end->reason);
    verdict.ends = true;
    out_.ended_by = std::make_shared<const world::Verdict>(std::move(verdict));
  }

  const std::vector<const core::Pod*>& pods_;
  JobHistory out_;
  std::vector<Ended> ended_;
  const core::Pod* cause_ = nullptr;
  batch::Job jobs_[2];
  int now_ = 0;
  std::deque<core::Pod> copies_;  // at their addresses for the view
  JobView view_;
};

}  // namespace

JobHistory HistoryOf(const batch::Job& job, const std::vector<const core::Pod*>& pods) {
  return Replay(job, pods).Run();
}

}  // namespace reprieve::report
