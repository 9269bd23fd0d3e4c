// A set of completion indexes, kept as runs: what `completedIndexes` and `failedIndexes` say as text.
//
// Source: spec/job.md 1.8. Costs grow with the number of runs, not of indexes. A plain value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::policy {

using CompletionIndex = std::int32_t;

class IndexSet {
 public:
  // The controller's lenient parser: items that are not indexes are skipped, parsing stops at the first item that
  // starts at or above `completions`, and an end beyond it is cut. So neither scaling down nor a corrupt status does
  // harm.
  static IndexSet ParseLenient(std::string_view text, std::int64_t completions);

  // 0 to `end` - 1.
  static IndexSet Upto(CompletionIndex end);

  // True if it was not there.
  bool Insert(CompletionIndex index);
  // True if it was there.
  bool Erase(CompletionIndex index);
  bool Contains(CompletionIndex index) const;
  std::int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The smallest index not in the set that is at least `from`.
  CompletionIndex FirstMissing(CompletionIndex from) const;
  // How many indexes are in both.
  std::int64_t CommonWith(const IndexSet& other) const;
  // The indexes that are in exactly one of the two.
  std::vector<CompletionIndex> DifferenceWith(const IndexSet& other) const;
  // Canonical: runs of three or more are first-last, a run of two is two numbers: 1,3-5,7.
  std::string ToText() const;
  // The runs, first to last, both included.
  const std::map<CompletionIndex, CompletionIndex>& runs() const { return runs_; }

  bool operator==(const IndexSet&) const = default;

 private:
  void InsertRun(CompletionIndex first, CompletionIndex last);

  std::map<CompletionIndex, CompletionIndex> runs_;  // first -> last; neither touching nor overlapping
  std::int64_t size_ = 0;
};

}  // namespace reprieve::policy
