// simulate --fit FAILURES.csv: hazards from a failure log, with their uncertainty.
#pragma once

#include <string>

#include "base/result.h"

namespace reprieve::cli {

// `text`: node,up,down on each line: when a node began to work and when it failed, as RFC 3339 times or durations since
// a common beginning; an empty `down`: it still worked at the newest time of the file. Gives what people read.
[[nodiscard]] Result<std::string> FitText(const std::string& name, const std::string& text);

}  // namespace reprieve::cli
