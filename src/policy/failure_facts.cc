#include "policy/failure_facts.h"

#include "base/text.h"

namespace reprieve::policy {
namespace {

// "Error" and "Completed" say nothing that the code does not.
std::string WithReason(std::string_view reason) {
  return reason.empty() || reason == "Error" || reason == "Completed" ? "" : Cat(" (", reason, ")");
}

// Why a program could not be started: its exit code alone says nothing of it. In the runtime's words, the container
// first: `container main did not start: exec "/no/such": No such file or directory`.
std::string StartFailure(const core::ContainerStatus& status) {
  std::string why = status.state.terminated->message.str();
  const std::string before = Cat("container ", status.name, " did not start: ");
  if (why.starts_with(before)) why.erase(0, before.size());
  constexpr std::string_view kExec = "exec \"";
  if (const std::size_t end = why.find("\": "); why.starts_with(kExec) && end != std::string::npos) {
    why = Cat(std::string_view(why).substr(kExec.size(), end - kExec.size()), std::string_view(why).substr(end + 1));
  }
  return Cat("exited ", status.state.terminated->exit_code, " (StartError): could not start container ", status.name,
             ": ", why);
}

std::string Exit(const core::ContainerStatus& status) {
  if (status.state.terminated->reason == "StartError" && !status.state.terminated->message.empty()) {
    return StartFailure(status);
  }
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
