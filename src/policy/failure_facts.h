// What is to be seen of a failed pod, as a value and in one phrase: "exited 137 (OOMKilled) in container main".
//
// Source: spec/job.md 3.3, 4.2, 4.3. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/pod_failure_policy.h"

namespace reprieve::policy {

enum class FailureKind : std::uint8_t {
  kExit,        // a container's exit code
  kNotStarted,  // a container whose program could not be started
  kCondition,   // a condition of the pod
  kReason,      // the pod's reason alone
  kDeleted,     // it was deleted; no container has an exit code
  kNoExitCode,
};

struct FailureFacts {
  FailureKind kind = FailureKind::kNoExitCode;
  SharedString container;      // kExit, kNotStarted
  std::int32_t exit_code = 0;  // kExit, kNotStarted
  SharedString condition;      // kCondition: its type
  SharedString reason;         // of the exit, the condition or the pod; may be empty
  SharedString why;            // kNotStarted: what kept it from starting; kExit: its termination message; kReason
};

// Names what the rule looked at if one matched, else what says most: a disruption, a container's exit, a reason.
FailureFacts FactsOf(const core::Pod& pod, const PodVerdict& verdict);
FailureFacts FactsOf(const core::ContainerStatus& ended);
std::string Describe(const FailureFacts& facts);
// A message on one line: its last line that is not blank, cut if it is long.
std::string ShortMessage(std::string_view message);

}  // namespace reprieve::policy
