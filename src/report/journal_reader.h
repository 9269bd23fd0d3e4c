// From the text of a run's journal (docs/JOURNAL.md) to objects, verdicts and what else it tells.
//
// A torn last line, as a crash leaves it, is left out and noted; so is any other line that can't be read. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "report/objects.h"

namespace reprieve::report {

// An error: it is the journal of a later version.
[[nodiscard]] Result<Objects> ReadJournalText(std::string_view text);

}  // namespace reprieve::report
