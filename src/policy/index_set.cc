#include "policy/index_set.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace reprieve::policy {
namespace {

struct Run {
  CompletionIndex first;
  CompletionIndex last;
};

// "N" or "N-M" with N <= M.
std::optional<Run> ParseItem(std::string_view item) {
  const std::size_t dash = item.find('-');
  const auto first = ParseInt32(item.substr(0, dash));
  if (!first || *first < 0) return std::nullopt;
  if (dash == std::string_view::npos) return Run{*first, *first};
  const auto last = ParseInt32(item.substr(dash + 1));
  if (!last || *last < *first) return std::nullopt;
  return Run{*first, *last};
}

}  // namespace

IndexSet IndexSet::ParseLenient(std::string_view text, std::int64_t completions) {
  IndexSet out;
  if (text.empty()) return out;
  while (true) {
    const std::size_t comma = text.find(',');
    if (const auto run = ParseItem(text.substr(0, comma))) {
      if (run->first >= completions) break;
      out.InsertRun(run->first, static_cast<CompletionIndex>(std::min<std::int64_t>(run->last, completions - 1)));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

IndexSet IndexSet::Upto(CompletionIndex end) {
  IndexSet out;
  if (end > 0) out.InsertRun(0, end - 1);
  return out;
}

bool IndexSet::Insert(CompletionIndex index) {
  const auto next = runs_.upper_bound(index);
  if (next != runs_.begin()) {
    const auto previous = std::prev(next);
    if (previous->second >= index) return false;
    // Usually the set grows at the end of a run.
    if (previous->second + 1 == index && (next == runs_.end() || next->first - 1 > index)) {
      previous->second = index;
      ++size_;
      return true;
    }
  }
  InsertRun(index, index);
  return true;
}

void IndexSet::InsertRun(CompletionIndex first, CompletionIndex last) {
  auto next = runs_.upper_bound(first);
  if (next != runs_.begin()) {
    const auto previous = std::prev(next);
    if (previous->second >= first || previous->second + 1 == first) {
      first = previous->first;
      last = std::max(last, previous->second);
      size_ -= previous->second - previous->first + 1;
      next = runs_.erase(previous);
    }
  }
  while (next != runs_.end() && (next->first <= last || next->first - 1 == last)) {
    last = std::max(last, next->second);
    size_ -= next->second - next->first + 1;
    next = runs_.erase(next);
  }
  runs_.emplace_hint(next, first, last);
  size_ += std::int64_t{last} - first + 1;
}

bool IndexSet::Erase(CompletionIndex index) {
  if (size_ == 0) return false;
  auto at = runs_.upper_bound(index);
  if (at == runs_.begin() || (--at)->second < index) return false;
  const CompletionIndex first = at->first;
  const CompletionIndex last = at->second;
  --size_;
  if (first < index) {
    at->second = index - 1;
    if (index < last) runs_.emplace_hint(std::next(at), index + 1, last);
  } else if (index == last) {
    runs_.erase(at);
  } else {
    // Reuses the node for the same run, which now starts one later.
    const auto next = std::next(at);
    auto run = runs_.extract(at);
    run.key() = index + 1;
    runs_.insert(next, std::move(run));
  }
  return true;
}

bool IndexSet::Contains(CompletionIndex index) const {
  if (size_ == 0) return false;
  const auto at = runs_.upper_bound(index);
  return at != runs_.begin() && std::prev(at)->second >= index;
}

CompletionIndex IndexSet::FirstMissing(CompletionIndex from) const {
  const auto at = runs_.upper_bound(from);
  if (at == runs_.begin() || std::prev(at)->second < from) return from;
  return std::prev(at)->second + 1;
}

std::int64_t IndexSet::CommonWith(const IndexSet& other) const {
  std::int64_t common = 0;
  auto a = runs_.begin();
  auto b = other.runs_.begin();
  while (a != runs_.end() && b != other.runs_.end()) {
    const CompletionIndex first = std::max(a->first, b->first);
    const CompletionIndex last = std::min(a->second, b->second);
    if (first <= last) common += last - first + 1;
    (a->second < b->second ? a : b)++;
  }
  return common;
}

std::vector<CompletionIndex> IndexSet::DifferenceWith(const IndexSet& other) const {
  // Visits the boundaries of both sets' runs in order: between two of them membership does not change.
  std::vector<CompletionIndex> out;
  auto a = runs_.begin();
  auto b = other.runs_.begin();
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const auto next_border = [](auto at, auto end, std::int64_t position) -> std::int64_t {
    if (at == end) return kNever;
    return position < at->first ? at->first : std::int64_t{at->second} + 1;
  };
  std::int64_t position = 0;
  while (a != runs_.end() || b != other.runs_.end()) {
    const bool in_a = a != runs_.end() && a->first <= position;
    const bool in_b = b != other.runs_.end() && b->first <= position;
    const std::int64_t end =
        std::min(next_border(a, runs_.end(), position), next_border(b, other.runs_.end(), position));
    if (in_a != in_b) {
      for (std::int64_t i = position; i < end; ++i) out.push_back(static_cast<CompletionIndex>(i));
    }
    position = end;
    if (a != runs_.end() && position > a->second) ++a;
    if (b != other.runs_.end() && position > b->second) ++b;
  }
  return out;
}

std::string IndexSet::ToText() const {
  std::string out;
  for (const auto& [first, last] : runs_) {
    if (!out.empty()) out.push_back(',');
    if (first == last) {
      AppendTo(out, first);
    } else {
      AppendTo(out, first, last == first + 1 ? ',' : '-', last);
    }
  }
  return out;
}

}  // namespace reprieve::policy
