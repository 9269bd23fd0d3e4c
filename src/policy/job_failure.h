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

// How often containers may restart in place. Counts under restartPolicy OnFailure alone, and is one fewer than the pods
// that may fail (spec/job.md 2.8).
inline std::int64_t RestartsTolerated(std::optional<std::int32_t> limit) {
  return std::max<std::int64_t>(limit.value_or(6), 1) - 1;
}

inline constexpr std::string_view kPodFailurePolicy = "PodFailurePolicy";
inline constexpr JobFailure kBackoffLimitExceeded = {"BackoffLimitExceeded",
                                                     "Job has reached the specified backoff limit"};
inline constexpr JobFailure kDeadlineExceeded = {"DeadlineExceeded", "Job was active longer than specified deadline"};
inline constexpr JobFailure kMaxFailedIndexesExceeded = {
    "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"};
inline constexpr JobFailure kFailedIndexes = {"FailedIndexes", "Job has failed indexes"};

}  // namespace reprieve::policy
