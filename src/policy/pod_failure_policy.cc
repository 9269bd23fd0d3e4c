#include "policy/pod_failure_policy.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::policy {
namespace {

using batch::ExitCodeOperator;
using Evidence = std::variant<ExitCodeEvidence, ConditionEvidence>;

bool Asks(const batch::OnExitCodes& rule, std::int32_t exit_code) {
  // Validation keeps `values` ascending.
  const bool in_range = !rule.values.empty() && exit_code >= rule.values.front() && exit_code <= rule.values.back();
  const bool listed = in_range && std::binary_search(rule.values.begin(), rule.values.end(), exit_code);
  switch (rule.op) {
    case ExitCodeOperator::kIn:
      return listed;
    case ExitCodeOperator::kNotIn:
      return !listed;
    case ExitCodeOperator::kUnknown:
      return false;
  }
  return false;
}

// The containers that rules look at: terminated with a code other than 0 (spec/job.md 3.3), in their order, containers
// before init containers.
std::vector<const core::ContainerStatus*> FailedContainers(const core::PodStatus& status) {
  std::vector<const core::ContainerStatus*> out;
  for (const auto* statuses : {&status.container_statuses, &status.init_container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) {
      if (container.state.terminated && container.state.terminated->exit_code != 0) out.push_back(&container);
    }
  }
  return out;
}

std::optional<Evidence> Match(const batch::OnExitCodes& rule, const std::vector<const core::ContainerStatus*>& failed) {
  for (const core::ContainerStatus* status : failed) {
    if (rule.container_name && *rule.container_name != status->name) continue;
    const std::int32_t exit_code = status->state.terminated->exit_code;
    if (Asks(rule, exit_code)) return ExitCodeEvidence{status->name, exit_code};
  }
  return std::nullopt;
}

// Conditions in the pod's order, patterns in the rule's (spec/job.md 3.4).
std::optional<Evidence> Match(const std::vector<batch::OnPodCondition>& patterns, const core::PodStatus& status) {
  for (const core::PodCondition& condition : status.conditions) {
    for (const batch::OnPodCondition& pattern : patterns) {
      if (pattern.type == condition.type && pattern.status == condition.status)
        return ConditionEvidence{condition.type};
    }
  }
  return std::nullopt;
}

}  // namespace

PodVerdict JudgePod(const batch::PodFailurePolicy& policy, const core::Pod& pod) {
  const std::vector<const core::ContainerStatus*> failed = FailedContainers(pod.status);
  std::int32_t index = -1;
  for (const batch::PodFailurePolicyRule& rule : policy.rules) {
    ++index;
    if (rule.action == batch::FailureAction::kUnknown) continue;
    std::optional<Evidence> evidence =
        rule.on_exit_codes ? Match(*rule.on_exit_codes, failed) : Match(rule.on_pod_conditions, pod.status);
    if (!evidence) continue;
    PodVerdict verdict;
    verdict.action = rule.action;
    verdict.match.emplace(RuleMatch{index, *std::move(evidence), rule.mark});
    return verdict;
  }
  return {};
}

PodVerdict JudgePod(const std::optional<batch::PodFailurePolicy>& policy, const core::Pod& pod) {
  return policy ? JudgePod(*policy, pod) : PodVerdict{};
}

std::string FailJobMessage(const PodVerdict& verdict, const core::Pod& pod) {
  REPRIEVE_CHECK(verdict.match.has_value(), "a message about a rule needs a rule that matched");
  const std::string who = Cat(pod.metadata.namespace_, "/", pod.metadata.name);
  if (const auto* exit = std::get_if<ExitCodeEvidence>(&verdict.match->evidence)) {
    return Cat("Container ", exit->container, " for pod ", who, " failed with exit code ", exit->exit_code,
               " matching FailJob rule at index ", verdict.match->rule);
  }
  return Cat("Pod ", who, " has condition ", std::get<ConditionEvidence>(verdict.match->evidence).type,
             " matching FailJob rule at index ", verdict.match->rule);
}

}  // namespace reprieve::policy
