// The lines of the live block: a line per Job, a small tree per JobSet, within a given height.
//
// Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/life.h"
#include "cli/terminal.h"

namespace reprieve::cli {

// What fits into `max_lines`. Where not all does: first what has failed, then what is retried, then what waits; what
// is left out is counted in the last line.
std::vector<std::string> BlockLines(const RunLives& lives, Time now, std::size_t columns, std::size_t max_lines);

// What matters least is left out, so that it needs fewer than `columns`.
std::string JobLine(const JobLife& job, Time now, std::size_t columns);
std::vector<std::string> JobSetTree(const JobSetLife& jobset, Time now, std::size_t columns);

}  // namespace reprieve::cli
