// TTL after finished: a finished Job goes, with its pods, once its TTL has expired.
//
// Source: KEP-592; spec/job.md 5. Pure; called on the engine's thread.
#pragma once

#include "controllers/job/view.h"
#include "world/plan.h"

namespace reprieve::controllers {

// Deletes an expired Job (Foreground), or looks again when it expires. Externally managed Jobs expire too.
// REQUIRES: view.has_job().
[[nodiscard]] world::Plan ReconcileTtl(const JobView& view, Time now);

}  // namespace reprieve::controllers
