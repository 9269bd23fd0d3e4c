// What `run` would run, for --dry-run.
#pragma once

#include "cli/load.h"
#include "cli/network_choice.h"

namespace reprieve::cli {

// A line, or a JSON object, for each Job and JobSet: how many pods it makes if none fails, and how many at once.
void TellPlan(const Loaded& loaded, const NetworkChoice& network, bool json);

}  // namespace reprieve::cli
