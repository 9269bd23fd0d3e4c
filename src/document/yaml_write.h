// Values to YAML in block style, as people keep manifests. ParseYaml reads the same values back. Pure.
#pragma once

#include <string>

#include "document/value.h"

namespace reprieve::document {

// One document, with an end of line at its end. REQUIRES: nested less than 1000 levels.
[[nodiscard]] std::string WriteYaml(const Value& value);

}  // namespace reprieve::document
