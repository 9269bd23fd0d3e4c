// Why a Job fails: the reason and the message of its conditions FailureTarget and Failed.
//
// Source: spec/job.md 2.16. The message for kPodFailurePolicy is FailJobMessage's (policy/pod_failure_policy.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reprieve::policy {

struct JobFailure {
  std::string_view reason;
  std::string_view message;
};

// Whether so many counted failures are one too many (spec/job.md 2.8; without a limit it is 6).
inline bool ExceedsBackoffLimit(std::int64_t failed, std::optional<std::int32_t> limit) {
  return failed > limit.value_or(6);
}

// Whether containers have restarted in place too often. Counts under restartPolicy OnFailure alone, and the limit is
// met one earlier than by failed pods (spec/job.md 2.8).
inline bool RestartsMeetBackoffLimit(std::int64_t restarts, std::optional<std::int32_t> limit) {
  return restarts >= std::max<std::int64_t>(limit.value_or(6), 1);
}

inline constexpr std::string_view kPodFailurePolicy = "PodFailurePolicy";
inline constexpr JobFailure kBackoffLimitExceeded = {"BackoffLimitExceeded",
                                                     "Job has reached the specified backoff limit"};
inline constexpr JobFailure kDeadlineExceeded = {"DeadlineExceeded", "Job was active longer than specified deadline"};
inline constexpr JobFailure kMaxFailedIndexesExceeded = {
    "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"};
inline constexpr JobFailure kFailedIndexes = {"FailedIndexes", "Job has failed indexes"};

}  // namespace reprieve::policy
