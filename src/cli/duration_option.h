// Options that take a duration, the same for every verb.
#pragma once

#include <string>

#include "base/time.h"

namespace reprieve::cli {

// Why it is no duration; empty if it is one.
inline std::string CheckDuration(const std::string& text) {
  return ParseDuration(text) ? std::string() : std::string("expected a duration such as 500ms or 10s");
}

}  // namespace reprieve::cli
