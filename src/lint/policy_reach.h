// What each rule of a pod failure policy can decide: the policy core (policy/pod_failure_policy.h), asked about every
// way in which a pod of the Job can fail.
//
// One container's code or one condition at a time is enough: a rule that matches a pod also matches one of which more
// is true, so what can't be decided with one fact is not decided with several. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lint/pod_endings.h"
#include "policy/pod_failure_policy.h"

namespace reprieve::lint {

struct RuleReach {
  std::vector<std::size_t> matches;  // endings that it would match if it were the only rule
  std::vector<std::size_t> decides;  // those of them that no earlier rule takes
};

struct PolicyReach {
  std::vector<CodeClass> codes;
  std::vector<PodEnding> endings;
  std::vector<policy::PodVerdict> verdicts;  // of each ending
  std::vector<RuleReach> rules;
  std::vector<batch::PodFailurePolicy> alone;  // each rule as a policy of its own
};

[[nodiscard]] PolicyReach Reach(const batch::JobSpec& spec);

// The exit code that decided the ending; null pointer: it was a condition, or no rule matched.
[[nodiscard]] const policy::ExitCodeEvidence* ExitOf(const policy::PodVerdict& verdict);
// What it gives points into the verdict.
const policy::ExitCodeEvidence* ExitOf(policy::PodVerdict&&) = delete;

}  // namespace reprieve::lint
