// LoopContext: what the loops of one engine share.
#pragma once

#include <cstdint>

#include "engine/work_queue.h"
#include "world/clock.h"
#include "world/ledger.h"
#include "world/plan_runner.h"
#include "world/versions.h"

namespace reprieve::engine {

struct LoopContext {
  // All outlive the loops.
  const world::Clock& clock;
  world::Ledger& ledger;
  world::PlanRunner& plans;
  WorkQueue queue{};
  world::Versions seen{};  // the newest that the watches have reported
  // Passes that were put off since the watch has not shown yet what was written: pods, and all else.
  std::uint64_t stale_pods = 0, stale_others = 0;
  bool lists_complete = false;  // before that, what is missing may only be unknown
};

}  // namespace reprieve::engine
