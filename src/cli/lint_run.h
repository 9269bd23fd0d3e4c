// Lint over files: loads them, looks at each Job and JobSet, and leaves out what is disabled or suppressed.
#pragma once

#include <string>
#include <vector>

#include "cli/lint_result.h"
#include "cli/load.h"
#include "lint/settings.h"

namespace reprieve::cli {

// `settings`: what is disabled, and severities. Suppressions are read from the files.
LintResult LintFiles(const std::vector<std::string>& paths, const LoadOptions& options, const lint::Settings& settings);

}  // namespace reprieve::cli
