// Loading for `explain`: from files to objects, or to the one error that says where they stop being readable.
//
// A dump may hold Secrets: no line of it is ever shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/diagnostic.h"
#include "report/objects.h"

namespace reprieve::cli {

struct LoadedObjects {
  report::Objects objects;
  std::optional<Diagnostic> error;  // without its source's text
};

[[nodiscard]] LoadedObjects LoadObjects(const std::vector<std::string>& paths);

}  // namespace reprieve::cli
