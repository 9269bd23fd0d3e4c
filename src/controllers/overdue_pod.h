// Pods that stay Terminating or Pending for longer than their JobSet allows: they count as lost.
//
// Source: model/jobset_extensions.h (terminating-limit, pending-limit). Pure; called on the engine's thread.
#pragma once

#include <optional>

#include "model/core.h"
#include "model/jobset_extensions.h"
#include "world/plan.h"

namespace reprieve::controllers {

// When the pod will have been in its state for too long, which it was first seen in at `seen` (Time::max(): not known);
// nothing: it may stay as it is.
[[nodiscard]] std::optional<Time> OverdueAt(const core::Pod& pod, const jobset::Extensions& limits, Time seen);

// REQUIRES: OverdueAt says that it is `now` or earlier.
[[nodiscard]] world::Plan LoseOverduePod(const core::Pod& pod, const jobset::Extensions& limits, Time now);

}  // namespace reprieve::controllers
