// Back-off: how long the next pod waits after failures, and when a pod counts as finished.
//
// Source: spec/job.md 2.6 (the record), 2.9 (finish time, delays). Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "model/core.h"

namespace reprieve::policy {

// The waits after failures. The defaults are upstream's.
struct BackoffDelays {
  Nanoseconds base = Seconds(10);
  Nanoseconds cap = Seconds(600);
};

// What a Job remembers of its failures. Kept in memory only: a restarted controller starts from none (spec/job.md 2.3).
struct BackoffRecord {
  std::int32_t failures = 0;  // since the last success
  std::optional<Time> last_failure;
  bool operator==(const BackoffRecord&) const = default;
};

// base * 2^(failures-1), at most the cap; zero without failures.
Nanoseconds BackoffDelay(std::int64_t failures, const BackoffDelays& delays);

// How much of the delay is left at `now`; never negative.
Nanoseconds BackoffRemaining(std::int64_t failures, std::optional<Time> last_failure, Time now,
                             const BackoffDelays& delays);

// When `pod` ended: its last container; else when it stopped being ready; else when it was deleted; else its creation.
Time FinishTime(const core::Pod& pod);

// The record after these pods ended (finish times, any order).
BackoffRecord NextBackoff(const BackoffRecord& record, std::vector<Time> new_successes, std::vector<Time> new_failures);

}  // namespace reprieve::policy
