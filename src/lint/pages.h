// The pages of the codes in docs/lint, as they were when this was built.
//
// Immutable; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lint/code.h"

namespace reprieve::lint {

// The lines of all pages; each page begins with its heading, # RP007: Ignore on exit code 137.
const std::vector<std::string_view>& PageLines();

// The page of one code.
std::string PageOf(Code code);

}  // namespace reprieve::lint
