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
  const bool listed = std::binary_search(rule.values.begin(), rule.values.end(), exit_code);
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

// Only what has terminated and not with 0 is ever looked at (3.3).
std::optional<Evidence> Match(const batch::OnExitCodes& rule, const std::vector<core::ContainerStatus>& statuses) {
  for (const core::ContainerStatus& status : statuses) {
    if (!status.state.terminated) continue;
    if (rule.container_name && *rule.container_name != status.name) continue;
    const std::int32_t exit_code = status.state.terminated->exit_code;
    if (exit_code != 0 && Asks(rule, exit_code)) return ExitCodeEvidence{status.name, exit_code};
  }
  return std::nullopt;
}

// Conditions in the pod's order, patterns in the rule's (3.4).
std::optional<Evidence> Match(const std::vector<batch::OnPodCondition>& patterns, const core::PodStatus& status) {
  for (const core::PodCondition& condition : status.conditions) {
    for (const batch::OnPodCondition& pattern : patterns) {
      if (pattern.type == condition.type && pattern.status == condition.status)
        return ConditionEvidence{condition.type};
    }
  }
  return std::nullopt;
}

std::optional<Evidence> Match(const batch::PodFailurePolicyRule& rule, const core::Pod& pod) {
  if (!rule.on_exit_codes) return Match(rule.on_pod_conditions, pod.status);
  if (auto evidence = Match(*rule.on_exit_codes, pod.status.container_statuses)) return evidence;
  return Match(*rule.on_exit_codes, pod.status.init_container_statuses);
}

}  // namespace

PodVerdict JudgePod(const batch::PodFailurePolicy& policy, const core::Pod& pod) {
  std::int32_t index = -1;
  for (const batch::PodFailurePolicyRule& rule : policy.rules) {
    ++index;
    if (rule.action == batch::FailureAction::kUnknown) continue;
    const std::optional<Evidence> evidence = Match(rule, pod);
    if (!evidence) continue;
    PodVerdict verdict;
    verdict.action = rule.action;
    verdict.match.emplace(RuleMatch{index, *evidence, rule.mark});
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
