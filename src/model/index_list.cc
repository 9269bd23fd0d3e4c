#include "model/index_list.h"

#include "base/text.h"

namespace reprieve::model {
namespace {

// A number as Go's Atoi reads it (+1 and 01 count), below `completions`.
Result<std::int32_t> ParseIndex(std::string_view text, std::int32_t completions) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto index = digits.starts_with('+') || digits.starts_with('-') ? std::nullopt : ParseInt64(digits);
  if (!index) return Error{Cat("cannot convert string to integer for index: ", Quote(text))};
  if (*index >= completions) return Error{Cat("too large index: ", Quote(text))};
  return static_cast<std::int32_t>(*index);
}

Error NotRising(std::int32_t previous, std::int32_t current) {
  return Error{Cat("non-increasing order, previous: ", previous, ", current: ", current)};
}

Result<IndexInterval> ParseInterval(std::string_view fragment, std::int32_t completions) {
  const auto parts = Split(fragment, '-');
  if (parts.size() > 2) {
    return Error{Cat("the fragment ", Quote(fragment),
                     " violates the requirement that an index interval can have at most two parts separated by '-'")};
  }
  const auto first = ParseIndex(parts[0], completions);
  if (!first.ok()) return first.error();
  if (parts.size() == 1) return IndexInterval{*first, *first};
  const auto last = ParseIndex(parts[1], completions);
  if (!last.ok()) return last.error();
  if (*first >= *last) return NotRising(*first, *last);
  return IndexInterval{*first, *last};
}

}  // namespace

Result<std::vector<IndexInterval>> ParseIndexList(std::string_view text, std::int32_t completions) {
  std::vector<IndexInterval> intervals;
  if (text.empty()) return intervals;
  for (const std::string_view fragment : Split(text, ',')) {
    const auto interval = ParseInterval(fragment, completions);
    if (!interval.ok()) return interval.error();
    if (!intervals.empty() && intervals.back().last >= (*interval).first) {
      return NotRising(intervals.back().last, (*interval).first);
    }
    intervals.push_back(*interval);
  }
  return intervals;
}

std::vector<IndexInterval> ReadableIntervals(std::string_view text, std::int32_t completions) {
  std::vector<IndexInterval> intervals;
  if (text.empty()) return intervals;
  for (const std::string_view fragment : Split(text, ',')) {
    if (const auto interval = ParseInterval(fragment, completions); interval.ok()) intervals.push_back(*interval);
  }
  return intervals;
}

std::int64_t CountIndexes(const std::vector<IndexInterval>& intervals) {
  std::int64_t count = 0;
  for (const auto& interval : intervals) count += std::int64_t{interval.last} - interval.first + 1;
  return count;
}

}  // namespace reprieve::model
