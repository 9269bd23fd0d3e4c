// What is to be seen of a failed pod, in one phrase: "exited 137 (OOMKilled) in container main".
//
// Source: spec/job.md 3.3, 4.2, 4.3. Pure; safe from any thread.
#pragma once

#include <string>

#include "policy/pod_failure_policy.h"

namespace reprieve::policy {

// Names what the rule looked at if one matched, else what says most: a disruption, a container's exit, a reason.
std::string FailureFacts(const core::Pod& pod, const PodVerdict& verdict);

}  // namespace reprieve::policy
