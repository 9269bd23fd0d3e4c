#include "kubelet/restart.h"

#include <algorithm>

namespace reprieve::kubelet {
namespace {

bool Matches(const core::Value& rule, std::int32_t exit_code) {
  const core::Value& codes = rule["exitCodes"];
  const auto& values = codes["values"].items();
  const bool listed =
      std::any_of(values.begin(), values.end(), [&](const core::Value& v) { return v.AsInt() == exit_code; });
  const std::string& op = codes["operator"].AsText();
  return (op == "In" && listed) || (op == "NotIn" && !listed);
}

}  // namespace

AfterExit JudgeExit(const core::PodSpec& pod, const core::Container& container, bool init, std::int32_t exit_code) {
  for (const core::Value& rule : container.rest["restartPolicyRules"].items()) {
    if (!Matches(rule, exit_code)) continue;
    const std::string& action = rule["action"].AsText();
    if (action == "Restart") return AfterExit::kRestart;
    if (action == "RestartAllContainers") return AfterExit::kRestartAll;
  }
  if (init && container.IsSidecar()) return AfterExit::kRestart;
  core::RestartPolicy policy = container.restart_policy.value_or(pod.restart_policy);
  // An init container only has to succeed once.
  if (init && policy == core::RestartPolicy::kAlways) policy = core::RestartPolicy::kOnFailure;
  switch (policy) {
    case core::RestartPolicy::kAlways:
      return AfterExit::kRestart;
    case core::RestartPolicy::kOnFailure:
      return exit_code == 0 ? AfterExit::kStay : AfterExit::kRestart;
    case core::RestartPolicy::kNever:
      return AfterExit::kStay;
  }
  return AfterExit::kStay;
}

bool RestartsAfterFailedProbe(const core::PodSpec& pod, const core::Container& container) {
  return container.restart_policy.value_or(pod.restart_policy) != core::RestartPolicy::kNever;
}

}  // namespace reprieve::kubelet
