// Writes a report where --report wants it: whole, or not at all.
#pragma once

#include <string>

#include "base/result.h"

namespace reprieve::cli {

[[nodiscard]] Status WriteReport(const std::string& path, const std::string& text);

}  // namespace reprieve::cli
