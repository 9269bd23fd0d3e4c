#include "policy/per_index.h"

#include <limits>

#include "base/text.h"

namespace reprieve::policy {
namespace {

std::int32_t CountIn(const core::Pod& pod, std::string_view annotation) {
  const SharedString* text = pod.metadata.annotations.Find(annotation);
  const auto count = text != nullptr ? ParseInt32(*text) : std::nullopt;
  return count && *count > 0 ? *count : 0;
}

std::int32_t Plus1(std::int32_t count) {
  return count == std::numeric_limits<std::int32_t>::max() ? count : count + 1;
}

}  // namespace

IndexFailures FailuresCarriedBy(const core::Pod& pod) {
  return {CountIn(pod, batch::kIndexFailureCount), CountIn(pod, batch::kIndexIgnoredFailureCount)};
}

IndexFailures FailuresAfter(const IndexFailures& carried, const PodVerdict& verdict) {
  if (verdict.counts()) return {Plus1(carried.counted), carried.ignored};
  return {carried.counted, Plus1(carried.ignored)};
}

bool EndsIndex(const IndexFailures& carried, const PodVerdict& verdict, std::int32_t backoff_limit_per_index) {
  if (verdict.action == batch::FailureAction::kFailIndex) return true;
  return verdict.counts() && carried.counted >= backoff_limit_per_index;
}

std::optional<CompletionIndex> CompletionIndexOf(const core::Pod& pod) {
  const SharedString* text = pod.metadata.annotations.Find(batch::kCompletionIndex);
  const auto index = text != nullptr ? ParseInt32(*text) : std::nullopt;
  return index && *index >= 0 ? index : std::nullopt;
}

}  // namespace reprieve::policy
