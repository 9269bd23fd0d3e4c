#include "lint/job_endings.h"

#include <algorithm>

#include "policy/job_failure.h"

namespace reprieve::lint {
namespace {

JobEnding Ending(const policy::JobFailure& failure, bool by_program) {
  return {failure.reason, std::string(failure.message), by_program};
}

bool NamesOrAll(const std::vector<std::string>& words, std::string_view word) {
  return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
}

// Which of a Job's messages such a rule is for may depend on the pod: whoever wrote it needs the rule that brings them.
bool ReadsMessagesOf(const jobset::FailurePolicyRule& rule, const JobSubject& job) {
  return !rule.on_job_failure_message_patterns.empty() &&
         NamesOrAll(rule.on_job_failure_reasons, policy::kPodFailurePolicy) &&
         NamesOrAll(rule.target_replicated_jobs, job.group->name);
}

bool FailsJob(const policy::PodVerdict& verdict) {
  return verdict.action == batch::FailureAction::kFailJob;
}

}  // namespace

std::vector<JobEnding> JobEndings(const JobSubject& job, const std::vector<PodName>& pods) {
  const batch::JobSpec& spec = job.spec();
  std::vector<JobEnding> out;
  bool counted = false, counted_by_program = false;
  for (std::size_t e = 0; e < job.reach.endings.size(); ++e) {
    const policy::PodVerdict& verdict = job.reach.verdicts[e];
    const bool by_program = job.reach.endings[e].kind == EndingKind::kExit;
    if (FailsJob(verdict)) {
      for (const PodName& name : pods) {
        core::Pod pod;
        pod.metadata.namespace_ = name.name_space;
        pod.metadata.name = name.name;
        out.push_back({policy::kPodFailurePolicy, policy::FailJobMessage(verdict, pod), by_program});
      }
    } else if (verdict.counts()) {
      counted = true;
      counted_by_program = counted_by_program || by_program;
    }
  }
  // Under OnFailure the restarts of containers count, whatever the kubelet calls the pod.
  if (job.pod().restart_policy == core::RestartPolicy::kOnFailure) counted = counted_by_program = true;
  if (counted && spec.backoff_limit.value_or(0) < kUnlimited) {
    out.push_back(Ending(policy::kBackoffLimitExceeded, counted_by_program));
  }
  if (spec.active_deadline_seconds) out.push_back(Ending(policy::kDeadlineExceeded, false));
  if (counted && spec.backoff_limit_per_index) {
    out.push_back(Ending(policy::kFailedIndexes, counted_by_program));
    if (spec.max_failed_indexes) out.push_back(Ending(policy::kMaxFailedIndexesExceeded, counted_by_program));
  }
  return out;
}

PodName APodName(const JobSubject& job) {
  const auto& name_space = job.job.metadata.namespace_;
  return {name_space.empty() ? "default" : name_space.str(),
          Cat(job.job.metadata.name, job.spec().indexed() ? "-0-abcde" : "-abcde")};
}

JobEnding EndBy(const JobSubject& job, std::size_t pod_ending) {
  const policy::PodVerdict& verdict = job.reach.verdicts[pod_ending];
  const bool by_program = job.reach.endings[pod_ending].kind == EndingKind::kExit;
  if (FailsJob(verdict)) {
    const PodName name = APodName(job);
    core::Pod pod;
    pod.metadata.namespace_ = name.name_space;
    pod.metadata.name = name.name;
    return {policy::kPodFailurePolicy, policy::FailJobMessage(verdict, pod), by_program};
  }
  if (verdict.counts() && policy::ExceedsBackoffLimit(1, job.spec().backoff_limit))
    return Ending(policy::kBackoffLimitExceeded, by_program);
  return {};
}

bool FailJobMatters(const JobSubject& job, std::size_t pod_ending) {
  if (job.spec().backoff_limit != 0) return true;
  // The Job ends in any case; what is left is how its JobSet sees that.
  if (job.jobset == nullptr || !job.jobset->spec->failure_policy) return false;
  const jobset::FailurePolicy& failure_policy = *job.jobset->spec->failure_policy;
  if (std::any_of(failure_policy.rules.begin(), failure_policy.rules.end(),
                  [&](const auto& rule) { return ReadsMessagesOf(rule, job); })) {
    return true;
  }
  const policy::JobSetFailureJudge judge(failure_policy);
  const JobEnding by_rule = EndBy(job, pod_ending);
  const JobEnding by_limit = Ending(policy::kBackoffLimitExceeded, by_rule.by_program);
  const policy::FailedJob one[] = {AsFailedJob(job, by_rule)};
  const policy::FailedJob other[] = {AsFailedJob(job, by_limit)};
  return judge.Judge(one).front().rule != judge.Judge(other).front().rule;
}

policy::FailedJob AsFailedJob(const JobSubject& job, const JobEnding& ending) {
  return {job.job.metadata.name.view(), job.group->name, ending.reason, ending.message, std::nullopt};
}

}  // namespace reprieve::lint
