#include "policy/failure_facts.h"

#include "base/text.h"

namespace reprieve::policy {
namespace {

// "Error" and "Completed" say nothing that the code does not.
std::string InBrackets(std::string_view reason) {
  return reason.empty() || reason == "Error" || reason == "Completed" ? "" : Cat(" (", reason, ")");
}

std::string Said(const SharedString& message) {
  const std::string text = ShortMessage(message);
  return text.empty() ? text : Cat(": ", text);
}

const core::ContainerStatus* FindExit(const core::PodStatus& status, const auto& accept) {
  for (const auto* statuses : {&status.container_statuses, &status.init_container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) {
      if (container.state.terminated && accept(container)) return &container;
    }
  }
  return nullptr;
}

FailureFacts Condition(const core::PodStatus& status, SharedString type) {
  FailureFacts out;
  out.kind = FailureKind::kCondition;
  if (const core::PodCondition* condition = status.FindCondition(type)) out.reason = condition->reason;
  out.condition = std::move(type);
  return out;
}

}  // namespace

FailureFacts FactsOf(const core::ContainerStatus& ended) {
  const core::ContainerStateTerminated& end = *ended.state.terminated;
  FailureFacts out;
  out.kind = end.reason == "StartError" && !end.message.empty() ? FailureKind::kNotStarted : FailureKind::kExit;
  out.container = ended.name;
  out.exit_code = end.exit_code;
  out.reason = end.reason;
  out.why = end.message;
  return out;
}

FailureFacts FactsOf(const core::Pod& pod, const PodVerdict& verdict) {
  if (verdict.match) {
    if (const auto* evidence = std::get_if<ExitCodeEvidence>(&verdict.match->evidence)) {
      const auto* exit = FindExit(pod.status, [&](const core::ContainerStatus& container) {
        return container.name == evidence->container && container.state.terminated->exit_code == evidence->exit_code;
      });
      if (exit != nullptr) return FactsOf(*exit);
    } else {
      return Condition(pod.status, std::get<ConditionEvidence>(verdict.match->evidence).type);
    }
  }
  const core::PodCondition* disruption = pod.status.FindCondition(core::kDisruptionTargetCondition);
  if (disruption != nullptr && disruption->status == "True") return Condition(pod.status, disruption->type);
  FailureFacts out;
  if (!pod.status.reason.empty()) {
    out.kind = FailureKind::kReason;
    out.reason = pod.status.reason;
    if (out.reason == "Evicted") out.why = pod.status.message;
    return out;
  }
  const auto* exit = FindExit(
      pod.status, [](const core::ContainerStatus& container) { return container.state.terminated->exit_code != 0; });
  if (exit != nullptr) return FactsOf(*exit);
  if (pod.metadata.deleting()) out.kind = FailureKind::kDeleted;
  return out;
}

std::string ShortMessage(std::string_view message) {
  constexpr std::size_t kMost = 160;
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t last = message.find_last_not_of(kBlank);
  if (last == std::string_view::npos) return {};
  message = message.substr(0, last + 1);
  message.remove_prefix(message.rfind('\n') + 1);
  message.remove_prefix(message.find_first_not_of(kBlank));
  if (message.size() <= kMost) return std::string(message);
  std::size_t end = kMost;
  // Not within a character.
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  return Cat(message.substr(0, end), "...");
}

std::string Describe(const FailureFacts& facts) {
  switch (facts.kind) {
    case FailureKind::kExit:
      return Cat("exited ", facts.exit_code, InBrackets(facts.reason), " in container ", facts.container,
                 Said(facts.why));
    case FailureKind::kNotStarted:
      return Cat("exited ", facts.exit_code, " (StartError): could not start container ", facts.container, ": ",
                 facts.why);
    case FailureKind::kCondition:
      return Cat("has condition ", facts.condition, InBrackets(facts.reason));
    case FailureKind::kReason:
      return Cat("failed: ", facts.reason, Said(facts.why));
    case FailureKind::kDeleted:
      return "was deleted";
    case FailureKind::kNoExitCode:
      return "failed without an exit code";
  }
  return {};
}

}  // namespace reprieve::policy
