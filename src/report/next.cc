#include "report/next.h"

#include <algorithm>
#include <map>

#include "base/saturate.h"
#include "base/text.h"
#include "policy/job_failure.h"

namespace reprieve::report {
namespace {

using controllers::JobView;

constexpr std::size_t kMostIndexes = 8;  // that have a sentence of their own

std::string Limit(std::int64_t left, std::string_view failure, std::string_view end, std::string_view limit) {
  if (left <= 0) return Cat("one more ", failure, " ends ", end, " (", limit, ", all used)");
  return Cat(left, " more ", failure, left == 1 ? " is" : "s are", " tolerated; the one after that ends ", end, " (",
             limit, ")");
}

class JobAhead {
 public:
  JobAhead(const JobHistory& history, const std::vector<const core::Pod*>& pods, Time now, bool only_failed)
      : history_(history), job_(*history.job), spec_(*history.job->spec), now_(now), only_failed_(only_failed) {
    view_.SetJob(job_);
    for (const core::Pod* pod : pods) view_.SetPod(*pod);
  }

  std::vector<std::string> Run() {
    if (job_.metadata.deleting()) {
      out_.push_back("it is being deleted, with its pods");
    } else if (job_.status.IsFinished()) {
      AddTtl();
    } else if (history_.end) {
      AddEnding();
    } else if (spec_.suspended()) {
      out_.push_back("it is suspended: no pod is created until spec.suspend is false");
    } else {
      AddRetries();
      AddLimits();
      AddDeadline();
    }
    return std::move(out_);
  }

 private:
  void AddTtl() {
    if (!spec_.ttl_seconds_after_finished || !view_.finish()) return;
    const Time due = *view_.finish() + DurationOfSeconds(*spec_.ttl_seconds_after_finished);
    out_.push_back(Cat("it is deleted with its pods ", When(due, now_), " (ttlSecondsAfterFinished ",
                       *spec_.ttl_seconds_after_finished, ")"));
  }

  void AddEnding() {
    const auto live = only_failed_ ? job_.status.active + job_.status.terminating.value_or(0)
                                   : static_cast<std::int64_t>(view_.active().size()) + view_.terminating_count();
    out_.push_back(Cat("it becomes ", history_.end->success ? "Complete" : "Failed",
                       live == 0 ? std::string(" now: all its pods have ended")
                                 : Cat(" once ", live, live == 1 ? " pod has" : " pods have", " ended")));
  }

  // When the failures that have no replacement yet get one.
  void AddRetries() {
    std::map<policy::CompletionIndex, const PodFailure*> last;
    for (const PodFailure& failure : history_.failures) {
      if (failure.verdict) last[spec_.backoff_limit_per_index ? failure.index : -1] = &failure;
    }
    std::size_t told = 0;
    for (const auto& [index, failure] : last) {
      if (failure->verdict->ends) continue;
      const bool retried = failure->verdict->retry || failure->verdict->wait;
      if (!retried) continue;
      const Time due = failure->verdict->at + failure->verdict->wait.value_or(Nanoseconds(0));
      if (!spec_.backoff_limit_per_index) {
        if (due > now_ && view_.active().empty()) out_.push_back(Cat("the next pod is created ", When(due, now_)));
        continue;
      }
      if (only_failed_ && due <= now_) continue;
      if (view_.taken().Contains(index) || ++told > kMostIndexes) continue;
      out_.push_back(Cat("index ", index, " retries ", When(due, now_)));
    }
    if (told > kMostIndexes) out_.push_back(Cat(told - kMostIndexes, " more indexes wait for their retry"));
  }

  void AddLimits() {
    if (spec_.backoff_limit_per_index) return AddIndexLimits();
    const std::int64_t limit = spec_.backoff_limit.value_or(6);
    if (spec_.pod_template.spec->restart_policy == core::RestartPolicy::kOnFailure) AddRestarts(limit);
    out_.push_back(
        Limit(limit - history_.counted - history_.pending, "counted failure", "the Job", Cat("backoffLimit ", limit)));
  }

  void AddRestarts(std::int64_t limit) {
    const std::string named = Cat("backoffLimit ", limit, " under restartPolicy OnFailure");
    if (only_failed_) {
      out_.push_back(Cat("restarts of its containers count too, and are not recorded (", named, ")"));
      return;
    }
    const std::int64_t left = policy::RestartsTolerated(spec_.backoff_limit) - view_.restart_sum();
    out_.push_back(Limit(left, "container restart", "the Job", named));
  }

  void AddIndexLimits() {
    const std::int32_t limit = *spec_.backoff_limit_per_index;
    std::map<policy::CompletionIndex, std::int32_t> used;
    for (const PodFailure& failure : history_.failures) {
      if (failure.index < 0) continue;
      const policy::PodVerdict verdict = policy::JudgePod(spec_.pod_failure_policy, *failure.pod);
      used[failure.index] = policy::FailuresAfter(policy::FailuresCarriedBy(*failure.pod), verdict).counted;
    }
    std::vector<std::string> last_chance;
    for (const auto& [index, count] : used) {
      if (view_.succeeded().Contains(index) || view_.failed().Contains(index) || count < limit) continue;
      last_chance.push_back(Cat(index));
    }
    if (!last_chance.empty()) {
      const bool one = last_chance.size() == 1;
      const std::size_t more = last_chance.size() > kMostIndexes ? last_chance.size() - kMostIndexes : 0;
      last_chance.resize(last_chance.size() - more);
      out_.push_back(Cat(one ? "index " : "indexes ", Join(last_chance, ", "),
                         more > 0 ? Cat(" and ", more, " more") : "", ": one more counted failure ends ",
                         one ? "the index" : "each", " (backoffLimitPerIndex ", limit, ", all used)"));
    }
    if (!spec_.max_failed_indexes) return;
    out_.push_back(Limit(*spec_.max_failed_indexes - view_.failed().size(), "failed index", "the Job",
                         Cat("maxFailedIndexes ", *spec_.max_failed_indexes)));
  }

  void AddDeadline() {
    if (!spec_.active_deadline_seconds || !job_.status.start_time) return;
    const Time due = *job_.status.start_time + DurationOfSeconds(*spec_.active_deadline_seconds);
    out_.push_back(Cat("it fails ", When(due, now_), " at the latest: DeadlineExceeded (activeDeadlineSeconds ",
                       *spec_.active_deadline_seconds, ")"));
  }

  const JobHistory& history_;
  const batch::Job& job_;
  const batch::JobSpec& spec_;
  const Time now_;
  const bool only_failed_;
  JobView view_;
  std::vector<std::string> out_;
};

}  // namespace

std::string When(Time due, Time now) {
  if (due == now) return "now";
  if (due > now) return Cat("in ", HumanDuration(due - now));
  return Cat("now (due since ", HumanDuration(now - due), ")");
}

std::vector<std::string> NextOf(const JobHistory& history, const std::vector<const core::Pod*>& pods, Time now,
                                bool only_failed) {
  return JobAhead(history, pods, now, only_failed).Run();
}

std::vector<std::string> NextOf(const JobSetHistory& history, Time now) {
  const jobset::JobSet& jobset = *history.jobset;
  std::vector<std::string> out;
  if (jobset.metadata.deleting()) return {"it is being deleted, with its Jobs"};
  if (jobset.status.IsFinished()) {
    if (!jobset.spec->ttl_seconds_after_finished) return {};
    for (const jobset::Condition& condition : jobset.status.conditions) {
      const bool final = condition.type == "Completed" || condition.type == "Failed";
      if (!final || condition.status != "True" || !condition.last_transition_time) continue;
      const Time due = *condition.last_transition_time + DurationOfSeconds(*jobset.spec->ttl_seconds_after_finished);
      out.push_back(Cat("it is deleted with its Jobs ", When(due, now), " (ttlSecondsAfterFinished ",
                        *jobset.spec->ttl_seconds_after_finished, ")"));
    }
    return out;
  }
  if (history.last_is_ahead) {
    out.push_back("the JobSet controller has not acted on the last failure yet");
    return out;
  }
  if (jobset.spec->suspended()) return {"it is suspended: no Job runs until spec.suspend is false"};
  if (!jobset.spec->failure_policy) {
    out.push_back("the first failed Job ends the JobSet: it has no failurePolicy");
    return out;
  }
  const std::int64_t most = jobset.spec->failure_policy->max_restarts;
  const std::int64_t left = most - history.counted;
  if (left <= 0) {
    out.push_back(
        Cat("the next failed Job whose restart would count ends the JobSet (maxRestarts ", most, ", all used)"));
  } else {
    out.push_back(Cat(left, " more counted restart", left == 1 ? "" : "s", " before a failed Job ends the JobSet (",
                      history.counted, " of ", most, " used)"));
  }
  return out;
}

}  // namespace reprieve::report
