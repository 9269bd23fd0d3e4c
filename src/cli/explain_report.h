// explain --report FILE and run --report FILE: the chain of verdicts as a page for people who do not read terminals.
// Returned as HTML.
#pragma once

#include <string>

#include "report/explanation.h"

namespace reprieve::cli {

[[nodiscard]] std::string ExplanationReport(const report::Explanation& explanation);

}  // namespace reprieve::cli
