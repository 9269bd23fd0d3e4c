// simulate --init MANIFEST: a first scenario for manifests, with everything that there is to choose. Returned as text.
#pragma once

#include <string>
#include <vector>

#include "cli/load.h"

namespace reprieve::cli {

[[nodiscard]] std::string FirstScenario(const std::vector<std::string>& paths, const Loaded& loaded);

}  // namespace reprieve::cli
