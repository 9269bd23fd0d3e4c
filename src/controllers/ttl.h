// TTL after finished: a finished Job goes, with its pods, once its time is over.
//
// Source: KEP-592; spec/job.md 5. Pure; called on the engine's thread.
#pragma once

#include "model/batch.h"
#include "world/plan.h"

namespace reprieve::controllers {

// Deletes an expired Job (Foreground), or looks again when it expires. Externally managed Jobs expire too.
[[nodiscard]] world::Plan ReconcileTtl(const batch::Job& job, Time now);

}  // namespace reprieve::controllers
