// Writes a report where --report wants it: whole, or not at all.
#pragma once

#include <string>

#include "base/result.h"

namespace reprieve::cli {

// Whether it could be written there now; asked before work of hours begins.
[[nodiscard]] Status CheckReport(const std::string& path);
[[nodiscard]] Status WriteReport(const std::string& path, const std::string& text);

}  // namespace reprieve::cli
