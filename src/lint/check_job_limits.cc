// RP004, RP017, RP018, RP021, RP022, RP028: a Job's limits, and what they leave behind.
#include <algorithm>
#include <utility>

#include "base/saturate.h"
#include "base/time.h"
#include "lint/checks.h"
#include "lint/job_endings.h"
#include "model/jobset_extensions.h"
#include "policy/backoff.h"
#include "policy/job_failure.h"

namespace reprieve::lint {
namespace {

// So long somebody who is woken by the failure needs at least; and one who looks at it in working hours.
constexpr std::int32_t kTooShortTtl = 60;
constexpr std::int32_t kShortTtl = 3600;

class JobLimitsCheck {
 public:
  JobLimitsCheck(const JobSubject& job, Findings& out) : job_(job), spec_(job.spec()), out_(out) {}

  void Run() {
    RedundantFailJob();
    LostNode();
    BackoffBeyondDeadline();
    LogsVanish();
    Ttl();
  }

 private:
  // RP004: with backoffLimit 0 the first counted failure ends the Job, rule or no rule; only the reason differs.
  void RedundantFailJob() {
    if (job_.policy() == nullptr || spec_.backoff_limit != 0) return;
    const auto& rules = job_.policy()->rules;
    for (std::size_t r = 0; r < rules.size(); ++r) {
      const auto& decides = job_.reach.rules[r].decides;
      if (rules[r].action != batch::FailureAction::kFailJob || decides.empty()) continue;
      batch::PodFailurePolicy without = *job_.policy();
      without.rules.erase(without.rules.begin() + static_cast<std::ptrdiff_t>(r));
      const bool same = std::all_of(decides.begin(), decides.end(), [&](std::size_t e) {
        const policy::PodVerdict verdict = policy::JudgePod(without, job_.reach.endings[e].pod);
        return verdict.action != batch::FailureAction::kIgnore && !FailJobMatters(job_, e);
      });
      if (!same) continue;
      out_.Add(Code::kRedundantFailJob, job_.RuleField(r, ".action"),
               Cat("With backoffLimit 0 any counted failure ends the Job at once, so rule ", r + 1,
                   " changes only the reason that it ends with."),
               "Remove the rule, or raise backoffLimit for the failures that are worth a retry.");
    }
  }

  // RP017.
  void LostNode() {
    if (!spec_.replaces_only_failed() || spec_.active_deadline_seconds) return;
    if (job_.jobset != nullptr && jobset::ReadExtensions(job_.jobset->metadata.annotations).terminating_limit) return;
    const bool in_place =
        job_.jobset != nullptr && job_.jobset->spec->restart_strategy() == jobset::RestartStrategy::kInPlaceRestart;
    const bool required = job_.policy() != nullptr || in_place;
    const bool written = !job_.written_spec()["podReplacementPolicy"].IsNull();
    out_.Add(Code::kLostNodeHangs, job_.Field(written ? "spec.podReplacementPolicy" : "spec.podFailurePolicy"),
             Cat(written ? "With podReplacementPolicy Failed"
                         : "With a podFailurePolicy, which means podReplacementPolicy Failed,",
                 " a pod on a node that is lost but not removed stays Terminating and is never replaced: the Job hangs "
                 "forever."),
             "Set activeDeadlineSeconds, or see to it that lost nodes are removed from the cluster.",
             required ? std::optional(Severity::kInfo) : std::nullopt);
  }

  // RP018: the waits between retries alone are longer than the Job may run.
  void BackoffBeyondDeadline() {
    if (!spec_.active_deadline_seconds || job_.pod().restart_policy != core::RestartPolicy::kNever) return;
    const bool per_index = spec_.backoff_limit_per_index.has_value();
    const std::int64_t retries = per_index ? *spec_.backoff_limit_per_index : spec_.backoff_limit.value_or(0);
    if (retries == kUnlimited) return;
    const Nanoseconds deadline = DurationOfSeconds(*spec_.active_deadline_seconds);
    Nanoseconds waits{};
    std::int64_t used = 0;
    Nanoseconds delay{};
    while (used < retries && waits < deadline) {
      const Nanoseconds last = std::exchange(delay, policy::BackoffDelay(used + 1, {}));
      // Once it grows no more, all the rest at once.
      const std::int64_t steps = delay == last ? std::min(retries - used, (deadline - waits) / delay + 1) : 1;
      waits += steps * delay;
      used += steps;
    }
    if (waits < deadline) return;
    const char* limit = per_index ? "backoffLimitPerIndex" : "backoffLimit";
    const bool written = !job_.written_spec()[limit].IsNull();
    out_.Add(Code::kBackoffBeyondDeadline, job_.Field("spec.activeDeadlineSeconds"),
             Cat("The back-off before ", used == 1 ? std::string("retry 1") : Cat("the first ", used, " retries"),
                 " alone takes ", HumanDuration(waits), ", so the deadline of ", HumanDuration(deadline),
                 " ends the Job before ", limit, " ", retries, written ? " is used up." : " (the default) is used up."),
             Cat("Raise activeDeadlineSeconds, or set ", limit, " to ", used - 1, " or less."),
             written ? std::nullopt : std::optional(Severity::kInfo));
  }

  // RP021.
  void LogsVanish() {
    if (job_.pod().restart_policy != core::RestartPolicy::kOnFailure) return;
    if (spec_.backoff_limit.value_or(0) == kUnlimited) return;
    const bool written = !job_.written_spec()["template"]["spec"]["restartPolicy"].IsNull();
    out_.Add(Code::kLogsVanish, job_.Field(written ? "spec.template.spec.restartPolicy" : "spec.template.spec"),
             Cat("Under OnFailure", written ? "" : ", which is the default here,",
                 " the pod is deleted when backoffLimit is reached, and its logs with it: nobody sees why it failed."),
             "Set restartPolicy: Never, which keeps failed pods, or collect the logs elsewhere.");
  }

  // Jobs of the JobSet that may run on when this one has finished.
  bool HasOtherJobs() const {
    const auto& groups = job_.jobset->spec->replicated_jobs;
    return job_.group->replicas > 1 ||
           std::count_if(groups.begin(), groups.end(), [](const auto& group) { return group.replicas > 0; }) > 1;
  }

  // RP022, RP028.
  void Ttl() {
    if (!spec_.ttl_seconds_after_finished) return;
    const std::int32_t ttl = *spec_.ttl_seconds_after_finished;
    const std::string field = job_.Field("spec.ttlSecondsAfterFinished");
    if (job_.jobset != nullptr && HasOtherJobs()) {
      out_.Add(Code::kTtlInsideJobSet, field,
               Cat("A Job that finishes is deleted after ", HumanDuration(Seconds(ttl)),
                   ", and as long as other Jobs of the JobSet run, the JobSet makes it again and it runs once more."),
               "Remove it here; ttlSecondsAfterFinished of the JobSet deletes all of it when all is done.");
      return;
    }
    if (ttl >= kShortTtl) return;
    out_.Add(Code::kEvidenceVanishes, field,
             Cat("The Job, its pods and their logs are deleted ",
                 ttl == 0 ? std::string("as soon as") : HumanDuration(Seconds(ttl)) + " after",
                 ttl == 0 ? " it ends" : " it ends", ", before anyone has looked at a failure."),
             "Set it to at least a working day (86400), or collect logs and status elsewhere.",
             ttl < kTooShortTtl ? std::nullopt : std::optional(Severity::kInfo));
  }

  const JobSubject& job_;
  const batch::JobSpec& spec_;
  Findings& out_;
};

}  // namespace

void CheckJobLimits(const JobSubject& job, Findings& out) {
  JobLimitsCheck(job, out).Run();
}

}  // namespace reprieve::lint
