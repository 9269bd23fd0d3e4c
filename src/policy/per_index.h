// backoffLimitPerIndex: an index has its own count of failures, carried from pod to pod in annotations.
//
// Source: KEP-3850; spec/job.md 2.10. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "model/batch.h"
#include "policy/index_set.h"
#include "policy/pod_failure_policy.h"

namespace reprieve::policy {

// How often an index had failed before the pod with these annotations.
struct IndexFailures {
  std::int32_t counted = 0;
  std::int32_t ignored = 0;

  std::int64_t total() const { return std::int64_t{counted} + ignored; }
  bool operator==(const IndexFailures&) const = default;
};

// Missing, unparsable or negative annotations read as 0.
IndexFailures FailuresCarriedBy(const core::Pod& pod);

// The counts for the replacement of a pod with this verdict.
IndexFailures FailuresAfter(const IndexFailures& carried, const PodVerdict& verdict);

// True if the failure of this pod ends its index: FailIndex, or a counted failure beyond the limit.
bool EndsIndex(const IndexFailures& carried, const PodVerdict& verdict, std::int32_t backoff_limit_per_index);

// The completion index in a pod's annotation; nullopt if there is none or it is not a number of at least 0.
std::optional<CompletionIndex> CompletionIndexOf(const core::Pod& pod);

}  // namespace reprieve::policy
