// LoopContext: what the loops of one engine share.
#pragma once

#include "engine/work_queue.h"
#include "world/api.h"
#include "world/clock.h"
#include "world/ledger.h"
#include "world/versions.h"

namespace reprieve::engine {

struct LoopContext {
  // All outlive the loops.
  world::Api& api;
  const world::Clock& clock;
  world::Ledger& ledger;
  WorkQueue queue{};
  world::Versions seen{};       // the newest that the watches have reported
  bool lists_complete = false;  // before that, what is missing may only be unknown
};

}  // namespace reprieve::engine
