// RP001, RP002, RP003, RP012, RP016: rules of a JobSet's failure policy, asked about every way in which its Jobs can
// fail.
#include <algorithm>
#include <set>

#include "lint/checks.h"
#include "lint/job_endings.h"
#include "lint/words.h"

namespace reprieve::lint {
namespace {

using jobset::FailureAction;

std::string RuleField(std::size_t rule, std::string_view member = "") {
  return Cat("spec.failurePolicy.rules[", rule, "]", member);
}

bool IsUncounted(FailureAction action) {
  return action == FailureAction::kRestartJobSetAndIgnoreMaxRestarts ||
         action == FailureAction::kRestartJobAndIgnoreMaxRestarts;
}

struct Ending {
  const JobSubject* job;
  JobEnding ending;
  policy::JobSetFailure decision;
  std::set<std::size_t> alone;  // the rules that would match it if each were the only one
};

class JobSetRulesCheck {
 public:
  JobSetRulesCheck(const JobSetSubject& jobset, Findings& out)
      : jobset_(jobset), policy_(*jobset.policy()), out_(out) {}

  void Run() {
    Enumerate();
    for (std::size_t r = 0; r < policy_.rules.size(); ++r) {
      NoRestartsLeft(r);
      // What patterns match has codes of its own.
      if (policy_.rules[r].on_job_failure_message_patterns.empty()) Reached(r);
      Targets(r);
    }
    Unbounded();
  }

 private:
  void Enumerate() {
    const policy::JobSetFailureJudge all(policy_);
    std::vector<policy::JobSetFailureJudge> alone;
    for (const jobset::FailurePolicyRule& rule : policy_.rules) {
      jobset::FailurePolicy only;
      only.rules.push_back(rule);
      alone.emplace_back(only);
    }
    for (const JobSubject& job : jobset_.jobs) {
      for (JobEnding& ending : JobEndings(job, {APodName(job)})) {
        Ending& each = endings_.emplace_back(Ending{&job, std::move(ending), {}, {}});
        const policy::FailedJob failed[] = {AsFailedJob(job, each.ending)};
        each.decision = all.Judge(failed).front();
        for (std::size_t r = 0; r < alone.size(); ++r) {
          if (alone[r].Judge(failed).front().rule) each.alone.insert(r);
        }
      }
    }
  }

  bool Decides(const Ending& each, std::size_t r) const { return each.decision.rule == static_cast<std::int32_t>(r); }

  // RP001, RP003.
  void Reached(std::size_t r) {
    std::set<std::size_t> takers;
    bool matches = false, decides = false;
    for (const Ending& each : endings_) {
      if (!each.alone.contains(r)) continue;
      matches = true;
      decides = decides || Decides(each, r);
      takers.insert(static_cast<std::size_t>(*each.decision.rule));
    }
    const std::string action(NameOf(policy_.rules[r].action));
    if (!matches) {
      const auto& reasons = policy_.rules[r].on_job_failure_reasons;
      if (reasons.empty()) return;  // its target has no Jobs
      out_.Add(Code::kRuleNeverMatches, RuleField(r, ".onJobFailureReasons"),
               Cat("None of the Jobs that rule ", r + 1, " is about can fail with reason ", Or(reasons), ", so ",
                   action, " never happens."),
               HowToHave(reasons.front()));
    } else if (!decides) {
      const bool same = std::all_of(takers.begin(), takers.end(), [&](std::size_t taker) {
        return policy_.rules[taker].action == policy_.rules[r].action;
      });
      out_.Add(Code::kShadowedRule, RuleField(r),
               Cat("Every failure that rule ", r + 1, " matches is taken by ", RuleNames(takers), " before it",
                   same ? ", with the same action." : Cat(", so ", action, " never happens.")),
               same ? std::string("Remove the rule.")
                    : Cat("Move it before ", RuleNames({*takers.begin()}), ", or remove it."),
               same ? std::optional(Severity::kInfo) : std::nullopt);
    } else {
      Reasons(r);
    }
  }

  // RP002, RP003: reasons of a rule, each by itself.
  void Reasons(std::size_t r) {
    const auto& reasons = policy_.rules[r].on_job_failure_reasons;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
      std::set<std::size_t> takers;
      bool matches = false, decides = false;
      for (const Ending& each : endings_) {
        if (!each.alone.contains(r) || each.ending.reason != reasons[i]) continue;
        matches = true;
        decides = decides || Decides(each, r);
        takers.insert(static_cast<std::size_t>(*each.decision.rule));
      }
      if (decides || std::find(reasons.begin(), reasons.begin() + static_cast<std::ptrdiff_t>(i), reasons[i]) !=
                         reasons.begin() + static_cast<std::ptrdiff_t>(i)) {
        continue;
      }
      const std::string field = RuleField(r, Cat(".onJobFailureReasons[", i, "]"));
      if (matches) {
        out_.Add(
            Code::kPartlyShadowedRule, field,
            Cat("Jobs that fail with reason ", reasons[i], " are taken by ", RuleNames(takers), " before rule ", r + 1,
                "."),
            Cat("Remove ", reasons[i], " here, or move rule ", r + 1, " before ", RuleNames({*takers.begin()}), "."));
      } else {
        out_.Add(Code::kRuleNeverMatches, field,
                 Cat("None of the Jobs that rule ", r + 1, " is about can fail with reason ", reasons[i], "."),
                 HowToHave(reasons[i]), Severity::kInfo);
      }
    }
  }

  // RP003: a target without Jobs.
  void Targets(std::size_t r) {
    const auto& targets = policy_.rules[r].target_replicated_jobs;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const bool there =
          std::any_of(jobset_.jobset->spec->replicated_jobs.begin(), jobset_.jobset->spec->replicated_jobs.end(),
                      [&](const auto& job) { return job.name == targets[i] && job.replicas > 0; });
      if (there) continue;
      out_.Add(Code::kRuleNeverMatches, RuleField(r, Cat(".targetReplicatedJobs[", i, "]")),
               Cat("Replicated job ", targets[i], " has no replicas, so rule ", r + 1, " never matches a Job of it."),
               "Give it replicas, or remove it here.", Severity::kInfo);
    }
  }

  // RP012: the core's own budget, before anything has been restarted.
  void NoRestartsLeft(std::size_t r) {
    const FailureAction action = policy_.rules[r].action;
    if (action != FailureAction::kRestartJobSet && action != FailureAction::kRestartJob) return;
    if (!policy::RestartBudget{0, 0, policy_.max_restarts}.exhausted()) return;
    const bool written = !(*jobset_.written)["spec"]["failurePolicy"]["maxRestarts"].IsNull();
    out_.Add(Code::kNoRestartsLeft, RuleField(r, ".action"),
             Cat("With maxRestarts ", policy_.max_restarts, written ? "" : ", which is the default,",
                 " there is no restart to spend: rule ", r + 1, " fails the JobSet instead of restarting it."),
             "Set maxRestarts to the number of restarts that you mean, or write FailJobSet.");
  }

  // RP016: nothing that a program does wrong ever ends the JobSet.
  void Unbounded() {
    std::set<std::size_t> rules;
    std::set<std::string> unbounded, bounded;
    for (const Ending& each : endings_) {
      if (!each.ending.by_program) continue;
      if (each.decision.rule && IsUncounted(each.decision.action)) {
        rules.insert(static_cast<std::size_t>(*each.decision.rule));
        unbounded.insert(each.job->group->name);
      } else {
        bounded.insert(each.job->group->name);
      }
    }
    for (const std::size_t r : rules) {
      std::vector<std::string> names;
      for (const std::string& name : unbounded) {
        if (!bounded.contains(name) && DecidesAllOf(r, name)) names.push_back(name);
      }
      if (names.empty()) continue;
      out_.Add(Code::kUnboundedRetries, RuleField(r, ".action"),
               Cat(NameOf(policy_.rules[r].action), " takes every failure of ", And(names),
                   ", a bug in the program included, and maxRestarts does not count it: a program that always fails is "
                   "restarted forever."),
               "Restrict the rule to failures that are not the program's fault, by onJobFailureReasons: "
               "[PodFailurePolicy] and a FailJob rule for DisruptionTarget in the Job.",
               bounded.empty() ? std::nullopt : std::optional(Severity::kInfo));
    }
  }

  // Whether the rule decides all that the programs of this replicated job can do wrong.
  bool DecidesAllOf(std::size_t r, const std::string& name) const {
    return std::all_of(endings_.begin(), endings_.end(), [&](const Ending& each) {
      return each.job->group->name != name || !each.ending.by_program || Decides(each, r);
    });
  }

  static std::string Or(const std::vector<std::string>& words) { return Join(words, " or "); }

  static std::string HowToHave(std::string_view reason) {
    if (reason == "PodFailurePolicy")
      return "Give the Job a podFailurePolicy with a FailJob rule, or remove the reason.";
    if (reason == "DeadlineExceeded") return "Set activeDeadlineSeconds in the Job, or remove the reason.";
    if (reason == "FailedIndexes") return "Set backoffLimitPerIndex in the Job, or remove the reason.";
    if (reason == "MaxFailedIndexesExceeded") return "Set maxFailedIndexes in the Job, or remove the reason.";
    return "Lower the Job's backoffLimit, or remove the reason.";
  }

  const JobSetSubject& jobset_;
  const jobset::FailurePolicy& policy_;
  Findings& out_;
  std::vector<Ending> endings_;
};

}  // namespace

void CheckJobSetRules(const JobSetSubject& jobset, Findings& out) {
  if (jobset.policy() != nullptr) JobSetRulesCheck(jobset, out).Run();
}

}  // namespace reprieve::lint
