// Writes a first policy test for manifests: a case for each rule, one for a failure that no rule fits, one for each
// disruption, one for a lost node. What a case expects is what the simulated world has shown, for its author to check.
#pragma once

#include <string>
#include <vector>

#include "admission/version_check.h"
#include "cli/style.h"

namespace reprieve::cli {

// Prints it; returns the exit code. `gates`: those of `servers` as they were given.
[[nodiscard]] int InitTest(const std::vector<std::string>& paths, const admission::ServerVersions& servers,
                           const std::string& gates, Color color);

}  // namespace reprieve::cli
