// The text form of a set of completion indexes: 1,3-5,7. This is the strict reader, for validation.
//
// Source: spec/job.md 1.8, 10.8. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reprieve::model {

struct IndexInterval {
  std::int32_t first = 0;
  std::int32_t last = 0;  // included

  friend bool operator==(const IndexInterval&, const IndexInterval&) = default;
};

// The intervals as they are written, rising; adjacent ones are not joined. Every index is below `completions`.
// An error has the API server's words.
[[nodiscard]] Result<std::vector<IndexInterval>> ParseIndexList(std::string_view text, std::int32_t completions);

// Those intervals that can be read, in the order of the text: the strict reader stops at the first that can't.
[[nodiscard]] std::vector<IndexInterval> ReadableIntervals(std::string_view text, std::int32_t completions);

// How many indexes they cover.
[[nodiscard]] std::int64_t CountIndexes(const std::vector<IndexInterval>& intervals);

}  // namespace reprieve::model
