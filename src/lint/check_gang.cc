// RP010, RP011: JobSets that restart as a whole: what a lost pod costs, and pods that are retried alone.
//
// A gang is a JobSet whose failure policy restarts all of its Jobs if one fails. RP022 of a JobSet is here too.
#include <algorithm>

#include "lint/checks.h"
#include "lint/job_endings.h"
#include "lint/words.h"
#include "policy/backoff.h"

namespace reprieve::lint {
namespace {

using jobset::FailureAction;

// What one failed pod of a Job does to the JobSet.
enum class Cost {
  kNone,      // forgiven, or restarted without counting
  kRestart,   // one of maxRestarts
  kEnd,       // the JobSet fails
  kJobRetry,  // one of the Job's backoffLimit
};

class GangCheck {
 public:
  GangCheck(const JobSetSubject& jobset, Findings& out)
      : jobset_(jobset), policy_(*jobset.policy()), judge_(policy_), out_(out) {}

  void Run() {
    std::vector<Cost> costs;
    bool some_forgive = false;
    for (const JobSubject& job : jobset_.jobs) {
      costs.push_back(CostOf(job, true, kKilled));
      // Where nothing a program does wrong costs anything either, disruptions are not told apart.
      some_forgive = some_forgive || (costs.back() == Cost::kNone && CostOf(job, false, 1) != Cost::kNone);
    }
    for (std::size_t i = 0; i < jobset_.jobs.size(); ++i) {
      if (!RestartsWhole(jobset_.jobs[i])) continue;
      if (costs[i] != Cost::kNone) Unhandled(jobset_.jobs[i], costs[i], some_forgive);
      Retries(jobset_.jobs[i]);
    }
  }

 private:
  // Whether some failure of the Job restarts all of the JobSet, or would if restarts were left.
  bool RestartsWhole(const JobSubject& job) const {
    if (policy_.max_restarts <= 0 && policy_.rules.empty()) return false;
    const auto endings = JobEndings(job, {APodName(job)});
    return std::any_of(endings.begin(), endings.end(), [&](const JobEnding& ending) {
      const policy::FailedJob failed[] = {AsFailedJob(job, ending)};
      const FailureAction action = judge_.Judge(failed).front().action;
      return action == FailureAction::kRestartJobSet || action == FailureAction::kRestartJobSetAndIgnoreMaxRestarts;
    });
  }

  // Of the first such ending with that code.
  Cost CostOf(const JobSubject& job, bool disrupted, std::int32_t code) const {
    const auto& endings = job.reach.endings;
    const auto found = std::find_if(endings.begin(), endings.end(), [&](const PodEnding& ending) {
      return ending.disrupted() == disrupted && ending.exit_code == code;
    });
    if (found == endings.end()) return Cost::kJobRetry;
    const auto at = static_cast<std::size_t>(found - endings.begin());
    if (!job.reach.verdicts[at].counts()) return Cost::kNone;
    const JobEnding ending = EndBy(job, at);
    if (ending.reason.empty()) return Cost::kJobRetry;
    const policy::FailedJob failed[] = {AsFailedJob(job, ending)};
    switch (judge_.Judge(failed).front().action) {
      case FailureAction::kRestartJobSetAndIgnoreMaxRestarts:
      case FailureAction::kRestartJobAndIgnoreMaxRestarts:
        return Cost::kNone;
      case FailureAction::kRestartJobSet:
      case FailureAction::kRestartJob:
        return policy::RestartBudget{0, 0, policy_.max_restarts}.exhausted() ? Cost::kEnd : Cost::kRestart;
      case FailureAction::kFailJobSet:
      case FailureAction::kUnknown:
        return Cost::kEnd;
    }
    return Cost::kEnd;
  }

  // RP010. Where another Job of the JobSet is forgiven, this one was forgotten.
  void Unhandled(const JobSubject& job, Cost cost, bool some_forgive) {
    // In place, restarts are the agents'.
    if (job.spec().backoff_limit == kUnlimited) return;
    const bool has_policy = job.policy() != nullptr;
    const char* what = cost == Cost::kEnd       ? " ends the JobSet"
                       : cost == Cost::kRestart ? " uses up one of the JobSet's maxRestarts"
                                                : " uses up one of its Job's retries (backoffLimit)";
    out_.Add(Code::kUnhandledDisruption, job.Field(has_policy ? "spec.podFailurePolicy" : "spec"),
             Cat("A pod of ", job.group->name, " that is preempted or drained", what, ", as if its program had failed",
                 some_forgive ? "; other replicated jobs of this JobSet are forgiven." : "."),
             Cat("Give ", job.group->name,
                 " a FailJob rule for DisruptionTarget, and the JobSet a rule RestartJobSetAndIgnoreMaxRestarts for ",
                 FailsJob(job) ? "message pattern 'has condition DisruptionTarget'." : "reason PodFailurePolicy."),
             some_forgive ? std::nullopt : std::optional(Severity::kInfo));
  }

  // Whether the Job has rules that end it for what is the program's fault: reason PodFailurePolicy would take that too.
  static bool FailsJob(const JobSubject& job) {
    const auto& verdicts = job.reach.verdicts;
    return std::any_of(verdicts.begin(), verdicts.end(),
                       [](const auto& verdict) { return verdict.action == batch::FailureAction::kFailJob; });
  }

  // RP011: the others wait for a pod that is retried alone.
  void Retries(const JobSubject& job) {
    const std::int64_t limit = job.spec().backoff_limit.value_or(0);
    const std::int32_t pods = job.spec().parallelism.value_or(1) * job.group->replicas;
    if (limit == 0 || limit == kUnlimited || (pods == 1 && jobset_.jobs.size() == 1)) return;
    Nanoseconds waits{};
    for (std::int64_t n = 1; n <= limit && n < 10000; ++n) waits += policy::BackoffDelay(n, {});
    const bool written = !job.written_spec()["backoffLimit"].IsNull();
    out_.Add(Code::kRetriesInsideGang, job.Field(written ? "spec.backoffLimit" : "spec"),
             Cat("A pod that fails is tried again alone ", limit, limit == 1 ? " time" : " times",
                 written ? "" : " (backoffLimit's default)", ", up to ", HumanDuration(waits),
                 " of back-off, before the JobSet restarts: until then the other pods of the "
                 "gang wait for a peer that has lost its state."),
             "Set backoffLimit: 0, so that the first failure restarts the gang.");
  }

  const JobSetSubject& jobset_;
  const jobset::FailurePolicy& policy_;
  policy::JobSetFailureJudge judge_;
  Findings& out_;
};

}  // namespace

void CheckGang(const JobSetSubject& jobset, Findings& out) {
  if (jobset.policy() != nullptr) GangCheck(jobset, out).Run();
  const auto ttl = jobset.jobset->spec->ttl_seconds_after_finished;
  if (!ttl || *ttl >= 3600) return;
  out.Add(Code::kEvidenceVanishes, "spec.ttlSecondsAfterFinished",
          Cat("The JobSet, its pods and their logs are deleted ",
              *ttl == 0 ? std::string("as soon as it ends") : Cat(HumanDuration(Seconds(*ttl)), " after it ends"),
              ", before anyone has looked at a failure."),
          "Set it to at least a working day (86400), or collect logs and status elsewhere.",
          *ttl < 60 ? std::nullopt : std::optional(Severity::kInfo));
}

}  // namespace reprieve::lint
