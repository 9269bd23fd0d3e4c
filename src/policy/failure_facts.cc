#include "policy/failure_facts.h"

#include "base/text.h"

namespace reprieve::policy {
namespace {

// "Error" and "Completed" say nothing that the code does not.
std::string WithReason(std::string_view reason) {
  return reason.empty() || reason == "Error" || reason == "Completed" ? "" : Cat(" (", reason, ")");
}

std::string Exit(const core::ContainerStatus& status) {
  return Cat("exited ", status.state.terminated->exit_code, WithReason(status.state.terminated->reason),
             " in container ", status.name);
}

const core::ContainerStatus* FindExit(const core::PodStatus& status, const auto& accept) {
  for (const auto* statuses : {&status.container_statuses, &status.init_container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) {
      if (container.state.terminated && accept(container)) return &container;
    }
  }
  return nullptr;
}

std::string Condition(const core::PodStatus& status, std::string_view type) {
  const core::PodCondition* condition = status.FindCondition(type);
  return Cat("has condition ", type, condition != nullptr ? WithReason(condition->reason) : "");
}

}  // namespace

std::string FailureFacts(const core::Pod& pod, const PodVerdict& verdict) {
  if (verdict.match) {
    if (const auto* evidence = std::get_if<ExitCodeEvidence>(&verdict.match->evidence)) {
      const auto* exit = FindExit(pod.status, [&](const core::ContainerStatus& container) {
        return container.name == evidence->container && container.state.terminated->exit_code == evidence->exit_code;
      });
      if (exit != nullptr) return Exit(*exit);
    } else {
      return Condition(pod.status, std::get<ConditionEvidence>(verdict.match->evidence).type);
    }
  }
  const core::PodCondition* disruption = pod.status.FindCondition(core::kDisruptionTargetCondition);
  if (disruption != nullptr && disruption->status == "True") return Condition(pod.status, disruption->type);
  if (!pod.status.reason.empty()) return Cat("failed: ", pod.status.reason);
  const auto* exit = FindExit(
      pod.status, [](const core::ContainerStatus& container) { return container.state.terminated->exit_code != 0; });
  if (exit != nullptr) return Exit(*exit);
  return pod.metadata.deleting() ? "was deleted" : "failed without an exit code";
}

}  // namespace reprieve::policy
