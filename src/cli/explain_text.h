// An Explanation as people read it: one block per JobSet or Job, its chain of verdicts oldest first.
//
// What is alike and follows one another is told by its first and its last, unless all is asked for. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "cli/style.h"
#include "report/explanation.h"

namespace reprieve::cli {

struct ExplainTextOptions {
  std::size_t columns = 0;  // of the terminal; 0: lines are not broken
  bool all = false;         // nothing is left out
};

[[nodiscard]] std::string ToText(const report::Explanation& explanation, const Style& style,
                                 const ExplainTextOptions& options);

}  // namespace reprieve::cli
