// The two webhooks of exclusive placement, each by itself; PlacePod (placement.h) is both, one after the other.
//
// Source: spec/jobset.md 4.1, 4.2. Errors are in the webhook's words. Pure: no I/O, no clock, no lock; safe from any
// thread.
#pragma once

#include "controllers/jobset/placement.h"

namespace reprieve::controllers {

[[nodiscard]] Status MutatePod(core::Pod& pod, const PlacementLookup& lookup);
[[nodiscard]] Status ValidatePod(const core::Pod& pod, const PlacementLookup& lookup);

}  // namespace reprieve::controllers
