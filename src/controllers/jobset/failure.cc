// The failure policy applied (3).
#include <algorithm>
#include <utility>

#include "admission/default_jobset.h"
#include "base/text.h"
#include "controllers/jobset/sync.h"
#include "policy/jobset_failure_policy.h"

namespace reprieve::controllers::jobsets {
namespace {

using jobset::FailureAction;

const batch::JobCondition& FailedCondition(const ChildJob& child) {
  return *child.job->status.FindCondition("Failed");
}

std::string Because(const ChildJob& child) {
  return Cat(" (first failed job: ", child.name, ")");
}

class Failures {
 public:
  explicit Failures(Sync& sync) : sync_(sync), children_(sync.view.failed().begin(), sync.view.failed().end()) {
    for (const ChildJob* child : children_) {
      const batch::JobCondition& condition = FailedCondition(*child);
      failed_.push_back(
          {child->name, child->replicated_job, condition.reason, condition.message, condition.last_transition_time});
    }
  }

  void Run() {
    if (!sync_.spec.failure_policy) {
      const ChildJob& first = *children_[policy::EarliestFailure(failed_)];
      Fail(sync_, "FailedJobs", Cat("jobset failed due to one or more job failures", Because(first)));
      Explain(first, {}, "JobSet", "FailedJobs");
      return;
    }
    // Upstream takes one of these in each of as many passes, and makes no Job in between; the outcome is the same.
    bool applied = false;
    for (const policy::JobSetFailure& choice : sync_.view.judge().Judge(failed_)) {
      if (!Apply(choice, *children_[choice.job])) break;
      applied = true;
    }
    // Upstream has written the earlier choices before it meets this one's problem; here the next pass meets it.
    if (applied) sync_.decision.problem.clear();
  }

 private:
  // False if nothing more is to be decided in this pass.
  bool Apply(const policy::JobSetFailure& choice, const ChildJob& child) {
    if (choice.action != FailureAction::kFailJobSet && RuleExhausted(choice, child)) return false;
    switch (choice.action) {
      case FailureAction::kFailJobSet:
        Fail(sync_, "FailJobSetFailurePolicyAction", Applying(choice, child));
        Explain(child, choice, "JobSet", "FailJobSetFailurePolicyAction");
        return false;
      case FailureAction::kRestartJobSet:
        if (Exhausted(choice, child)) return false;
        ++sync_.status.restarts_count_towards_max;
        RestartAll(choice, child, "RestartJobSetFailurePolicyAction");
        return false;
      case FailureAction::kRestartJobSetAndIgnoreMaxRestarts:
        RestartAll(choice, child, "RestartJobSetAndIgnoreMaxRestartsFailurePolicyAction");
        return false;
      case FailureAction::kRestartJob:
        if (!MayRestartOne(choice, child) || Exhausted(choice, child)) return false;
        ++sync_.counted_job_restarts;
        RestartOne(choice, child, true, "RestartJobFailurePolicyAction");
        return true;
      case FailureAction::kRestartJobAndIgnoreMaxRestarts:
        if (!MayRestartOne(choice, child)) return false;
        RestartOne(choice, child, false, "RestartJobAndIgnoreMaxRestartsFailurePolicyAction");
        return true;
      case FailureAction::kUnknown:
        break;
    }
    sync_.decision.problem = "the failure policy has an action that this version does not know";
    return false;
  }

  static std::string Applying(const policy::JobSetFailure& choice, const ChildJob& child) {
    return Cat("applying ", jobset::NameOf(choice.action), " failure policy action", Because(child));
  }

  policy::RestartBudget Budget() const {
    return {sync_.status.restarts_count_towards_max, sync_.gates().restart_job ? sync_.counted_job_restarts : 0,
            sync_.spec.failure_policy->max_restarts};
  }

  // Empty: no rule, the default action.
  std::string NameOf(const policy::JobSetFailure& choice) const {
    if (!choice.rule) return {};
    return sync_.spec.failure_policy->rules[static_cast<std::size_t>(*choice.rule)].name;
  }

  bool RuleExhausted(const policy::JobSetFailure& choice, const ChildJob& child) {
    const std::string rule = NameOf(choice);
    if (!RuleIsExhausted(sync_, rule)) return false;
    Fail(sync_, "ReachedMaxRestarts",
         Cat("jobset failed due to reaching max number of restarts of rule ", rule, Because(child)));
    Explain(child, choice, "JobSet", "ReachedMaxRestarts");
    return true;
  }

  bool Exhausted(const policy::JobSetFailure& choice, const ChildJob& child) {
    if (!Budget().exhausted()) return false;
    Fail(sync_, "ReachedMaxRestarts", Cat("jobset failed due to reaching max number of restarts", Because(child)));
    Explain(child, choice, "JobSet", "ReachedMaxRestarts");
    return true;
  }

  void RestartAll(const policy::JobSetFailure& choice, const ChildJob& child, std::string_view event) {
    ++sync_.status.restarts;
    const std::string message = Applying(choice, child);
    const std::string reason =
        choice.rule ? Cat("FailurePolicy_", NameOf(choice)) : std::string("DefaultFailurePolicy");
    SetCondition(sync_, "RestartingJobSet", true, reason, message);
    sync_.events.push_back({true, std::string(event), message});
    Explain(child, choice, "JobSet", "", NoteRestart(choice, true));
  }

  // The labels say which counter is its own; without the gate there is none.
  bool MayRestartOne(const policy::JobSetFailure& choice, const ChildJob& child) {
    if (!sync_.gates().restart_job) {
      sync_.decision.problem =
          Cat(jobset::NameOf(choice.action),
              " failure policy action cannot be used when the feature gate RestartJob is disabled");
    } else if (child.position < 0 || child.index < 0 ||
               child.index >= sync_.spec.replicated_jobs[static_cast<std::size_t>(child.position)].replicas) {
      sync_.decision.problem = Cat("job ", child.name, " does not say by its labels which Job of the JobSet it is");
    }
    return sync_.decision.problem.empty();
  }

  void RestartOne(const policy::JobSetFailure& choice, const ChildJob& child, bool counted, std::string_view event) {
    const auto replicas =
        static_cast<std::size_t>(sync_.spec.replicated_jobs[static_cast<std::size_t>(child.position)].replicas);
    jobset::ReplicatedJobStatus& status = sync_.StatusOf(static_cast<std::size_t>(child.position));
    const auto bump = [&](std::vector<std::int32_t>& counts) {
      if (counts.size() < replicas) counts.resize(replicas, 0);
      ++counts[static_cast<std::size_t>(child.index)];
    };
    bump(status.job_restarts);
    if (counted) bump(status.job_restarts_count_towards_max);
    sync_.events.push_back({true, std::string(event), Applying(choice, child)});
    Explain(child, choice, child.name, "", NoteRestart(choice, false));
  }

  // Jobs that are recreated in one pass wait together.
  RestartNote NoteRestart(const policy::JobSetFailure& choice, bool of_all) {
    return jobsets::NoteRestart(sync_, NameOf(choice), !std::exchange(noted_, true), of_all);
  }

  // The verdict, with the one that ended the Job as its cause. `end`: the reason of the JobSet's end, if this is it;
  // `beyond`: the note on budgets and delays beyond upstream.
  void Explain(const ChildJob& child, const policy::JobSetFailure& choice, std::string_view what, std::string_view end,
               const RestartNote& beyond = {}) {
    const batch::JobCondition& condition = FailedCondition(child);
    world::Verdict verdict;
    verdict.at = sync_.now;
    verdict.namespace_ = sync_.jobset.metadata.namespace_;
    verdict.jobset = sync_.jobset.metadata.name;
    verdict.job = child.name;
    verdict.facts = Cat("failed: ", condition.reason);
    verdict.action = end == "FailedJobs" ? "FailJobSet" : jobset::NameOf(choice.action);
    if (choice.rule) {
      const jobset::FailurePolicyRule& rule = sync_.spec.failure_policy->rules[static_cast<std::size_t>(*choice.rule)];
      verdict.rule = world::RuleReference{*choice.rule, verdict.action, sync_.jobset.file, rule.mark.line};
      if (rule.name != admission::UsualRuleName(static_cast<std::size_t>(*choice.rule))) verdict.rule->name = rule.name;
      verdict.rule->matched = sync_.view.judge().WhatMatched(*choice.rule, failed_[choice.job]);
    }
    verdict.cause = child.end;
    verdict.ends = !end.empty();
    verdict.failed_before = verdict.failed_after = static_cast<std::int32_t>(children_.size());
    if (!end.empty()) {
      verdict.consequence = Cat("JobSet ", verdict.jobset, " failed: ", end);
    } else if (what == "JobSet") {
      verdict.restart = world::Restart{IsCounted(choice.action)};
      verdict.consequence =
          Cat("restart ", sync_.status.restarts, " of JobSet ", verdict.jobset, Counted(choice.action), beyond.text);
    } else {
      verdict.restart = world::Restart{IsCounted(choice.action), true};
      verdict.consequence = Cat("restart of Job ", what, Counted(choice.action), beyond.text);
    }
    verdict.wait = beyond.wait;
    sync_.plan().verdicts.push_back(std::move(verdict));
  }

  static bool IsCounted(FailureAction action) {
    return action != FailureAction::kRestartJobSetAndIgnoreMaxRestarts &&
           action != FailureAction::kRestartJobAndIgnoreMaxRestarts;
  }

  std::string Counted(FailureAction action) const {
    if (!IsCounted(action)) return ", not counted";
    const policy::RestartBudget budget = Budget();
    return Cat(", ", budget.counted + budget.counted_jobs, " of ", budget.max_restarts, " used");
  }

  Sync& sync_;
  std::vector<const ChildJob*> children_;
  std::vector<policy::FailedJob> failed_;
  bool noted_ = false;
};

}  // namespace

void ApplyFailurePolicy(Sync& sync) {
  Failures(sync).Run();
}

void Fail(Sync& sync, std::string_view reason, const std::string& message) {
  SetCondition(sync, "Failed", true, reason, message);
  SetCondition(sync, "RestartingJobSet", false, "JobSetFailed", "jobset failed");
  sync.status.terminal_state = "Failed";
}

}  // namespace reprieve::controllers::jobsets
