// Who asked for an attempt of a probe, and what came of it. Plain values.
#pragma once

#include <string>

#include "node/placement.h"
#include "node/pod_worker.h"

namespace reprieve::node {

struct ProbeTicket {
  PodNumber pod = 0;
  PodActions::Try attempt;
};

struct ProbeAnswer {
  ProbeTicket ticket;
  ProbeOutcome outcome = ProbeOutcome::kUnknown;
  // What was met, for people: "GET http://127.0.0.1:80/: 503".
  std::string message;
};

}  // namespace reprieve::node
