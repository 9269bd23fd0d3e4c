// Which probe an attempt was for, or which hook, and its result. Plain values.
#pragma once

#include <optional>
#include <string>

#include "kubelet/pod_worker.h"
#include "scheduler/placement.h"

namespace reprieve::kubelet {

struct ProbeTicket {
  scheduler::PodNumber pod = 0;
  PodActions::Try attempt;
  // Then it is no probe's.
  std::optional<PodActions::Hook> hook = std::nullopt;
};

struct ProbeAnswer {
  ProbeTicket ticket;
  ProbeOutcome outcome = ProbeOutcome::kUnknown;
  // For people: "GET http://127.0.0.1:80/: 503".
  std::string message;
};

}  // namespace reprieve::kubelet
