// An Explanation as one JSON object (docs/EXPLAIN.md has its members). Pure; safe from any thread.
#pragma once

#include "document/value.h"
#include "report/explanation.h"

namespace reprieve::report {

[[nodiscard]] document::Value ToValue(const Explanation& explanation);

// flag, clock or objects.
[[nodiscard]] const char* NameOf(NowSource source);

}  // namespace reprieve::report
