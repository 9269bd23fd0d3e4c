// What would follow if something happened now: the objects as they are, taken into a simulated world, and one incident
// played there.
//
// The controllers, scheduler and kubelets are those of `test` (src/sim). Pods that are there go on running until they
// are stopped, on the nodes that they are on; whatever needs a place gets one. Nothing else happens. It is played for
// an hour. Pure; same objects, same answer.
#pragma once

#include <string>
#include <vector>

#include "report/objects.h"
#include "world/incident.h"
#include "world/verdict.h"

namespace reprieve::report {

struct WhatIf {
  std::string event;    // as it was given
  std::string outcome;  // what became of it: "applied to train-a", "no effect: no pod workers-0-1"
  bool happened = false;
  std::vector<world::Verdict> verdicts;  // what follows, in its order
  std::vector<std::string> notes;        // what is known to differ from the cluster
};

// REQUIRES: the objects are not those of a journal, which has no pods that run.
[[nodiscard]] WhatIf PlayIf(const Objects& objects, Time now, const world::Incident& incident);

// Those that no other of them tells as its cause.
[[nodiscard]] std::vector<const world::Verdict*> Untold(const std::vector<world::Verdict>& verdicts);

}  // namespace reprieve::report
