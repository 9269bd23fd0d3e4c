// The metrics about JobSets that every world has: names and labels as spec/jobset.md 5.1.
#pragma once

#include "cli/metrics_page.h"
#include "engine/jobset_loop.h"

namespace reprieve::cli {

void AppendJobSetCounters(MetricsPage& page, const engine::JobSetCounters& counters);

}  // namespace reprieve::cli
