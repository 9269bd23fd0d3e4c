// simulate --report FILE: the same as the text, as a page for people who do not read terminals. Returned as HTML.
#pragma once

#include <string>
#include <vector>

#include "cli/simulate_output.h"

namespace reprieve::cli {

[[nodiscard]] std::string SimulationReport(const std::vector<const sim::Scenario*>& scenarios,
                                           const std::vector<Variant>& variants, bool partial);

}  // namespace reprieve::cli
