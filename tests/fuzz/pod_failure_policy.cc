// A policy and a pod from any bytes: the verdict is that of the first rule that matches, found the slow way.
#include "policy/pod_failure_policy.h"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace reprieve;

class Bytes {
 public:
  Bytes(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}
  int Next(int below) {
    if (size_ == 0) return 0;
    --size_;
    return *data_++ % below;
  }

 private:
  const unsigned char* data_;
  std::size_t size_;
};

constexpr const char* kNames[] = {"main", "side", "init"};
constexpr const char* kConditions[] = {"DisruptionTarget", "ConfigIssue"};
constexpr const char* kStatuses[] = {"True", "False"};

bool MatchesSlowly(const batch::PodFailurePolicyRule& rule, const core::Pod& pod) {
  if (rule.on_exit_codes) {
    for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
      for (const auto& status : *statuses) {
        if (!status.state.terminated || status.state.terminated->exit_code == 0) continue;
        if (rule.on_exit_codes->container_name && *rule.on_exit_codes->container_name != status.name) continue;
        const auto& values = rule.on_exit_codes->values;
        const bool listed = std::find(values.begin(), values.end(), status.state.terminated->exit_code) != values.end();
        if (rule.on_exit_codes->op == batch::ExitCodeOperator::kIn && listed) return true;
        if (rule.on_exit_codes->op == batch::ExitCodeOperator::kNotIn && !listed) return true;
      }
    }
    return false;
  }
  for (const auto& condition : pod.status.conditions) {
    for (const auto& pattern : rule.on_pod_conditions) {
      if (pattern.type == condition.type && pattern.status == condition.status) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  Bytes bytes(data, size);
  batch::PodFailurePolicy policy;
  for (int i = bytes.Next(6); i > 0; --i) {
    batch::PodFailurePolicyRule rule;
    rule.action = static_cast<batch::FailureAction>(bytes.Next(5));
    if (bytes.Next(2) == 0) {
      batch::OnExitCodes codes;
      if (bytes.Next(2) == 0) codes.container_name = kNames[bytes.Next(3)];
      codes.op = static_cast<batch::ExitCodeOperator>(bytes.Next(3));
      int value = 0;
      for (int j = bytes.Next(5); j > 0; --j) codes.values.push_back(value += 1 + bytes.Next(60));
      rule.on_exit_codes = std::move(codes);
    } else {
      for (int j = bytes.Next(3); j > 0; --j) {
        batch::OnPodCondition pattern;
        pattern.type = kConditions[bytes.Next(2)];
        pattern.status = kStatuses[bytes.Next(2)];
        rule.on_pod_conditions.push_back(std::move(pattern));
      }
    }
    policy.rules.push_back(std::move(rule));
  }
  core::Pod pod;
  for (int i = bytes.Next(4); i > 0; --i) {
    core::ContainerStatus status;
    status.name = kNames[bytes.Next(3)];
    if (bytes.Next(4) != 0) status.state.terminated.emplace().exit_code = bytes.Next(256);
    (bytes.Next(3) == 0 ? pod.status.init_container_statuses : pod.status.container_statuses)
        .push_back(std::move(status));
  }
  for (int i = bytes.Next(3); i > 0; --i) {
    core::PodCondition condition;
    condition.type = kConditions[bytes.Next(2)];
    condition.status = kStatuses[bytes.Next(2)];
    pod.status.conditions.push_back(std::move(condition));
  }
  const policy::PodVerdict verdict = policy::JudgePod(policy, pod);
  int expected = -1;
  for (std::size_t i = 0; i < policy.rules.size() && expected < 0; ++i) {
    const bool known = policy.rules[i].action != batch::FailureAction::kUnknown;
    if (known && MatchesSlowly(policy.rules[i], pod)) expected = static_cast<int>(i);
  }
  if ((verdict.match ? verdict.match->rule : -1) != expected) std::abort();
  if (expected >= 0 && verdict.action != policy.rules[static_cast<std::size_t>(expected)].action) std::abort();
  return 0;
}
