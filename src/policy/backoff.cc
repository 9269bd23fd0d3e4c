#include "policy/backoff.h"

#include <algorithm>

#include "base/saturate.h"

namespace reprieve::policy {
namespace {

// The latest end of all containers; nullopt while one has not ended or its end is unknown.
std::optional<Time> LastContainerEnd(const core::PodStatus& status) {
  if (status.container_statuses.empty()) return std::nullopt;
  std::optional<Time> latest;
  for (const auto* statuses : {&status.init_container_statuses, &status.container_statuses}) {
    for (const core::ContainerStatus& container : *statuses) {
      if (!container.state.terminated || !container.state.terminated->finished_at) return std::nullopt;
      latest = std::max(latest.value_or(Time::min()), *container.state.terminated->finished_at);
    }
  }
  return latest;
}

}  // namespace

Nanoseconds BackoffDelay(std::int64_t failures, const BackoffDelays& delays) {
  if (failures <= 0) return Nanoseconds(0);
  Nanoseconds delay = delays.base;
  for (std::int64_t i = 1; i < failures && delay < delays.cap; ++i) delay *= 2;
  return std::min(delay, delays.cap);
}

Nanoseconds BackoffRemaining(std::int64_t failures, std::optional<Time> last_failure, Time now,
                             const BackoffDelays& delays) {
  if (failures <= 0 || !last_failure) return Nanoseconds(0);
  return std::max(Nanoseconds(0), BackoffDelay(failures, delays) - (now - *last_failure));
}

Time FinishTime(const core::Pod& pod) {
  if (const auto end = LastContainerEnd(pod.status)) return *end;
  const core::PodCondition* ready = pod.status.FindCondition(core::kReadyCondition);
  if (ready != nullptr && ready->status == "False" && ready->last_transition_time) return *ready->last_transition_time;
  if (const auto grace_over = pod.metadata.deletion_timestamp()) {
    return *grace_over - DurationOfSeconds(pod.metadata.deletion_grace_period_seconds().value_or(0));
  }
  return pod.metadata.creation_timestamp.value_or(Time{});
}

BackoffRecord NextBackoff(const BackoffRecord& record, std::vector<Time> new_successes,
                          std::vector<Time> new_failures) {
  if (new_successes.empty() && new_failures.empty()) return record;
  std::sort(new_failures.begin(), new_failures.end());
  if (new_successes.empty()) {
    return {record.failures + static_cast<std::int32_t>(new_failures.size()), new_failures.back()};
  }
  // A success resets the count: only failures after it remain.
  const Time last_success = *std::max_element(new_successes.begin(), new_successes.end());
  const auto first = std::upper_bound(new_failures.begin(), new_failures.end(), last_success);
  if (first == new_failures.end()) return {};
  return {static_cast<std::int32_t>(new_failures.end() - first), new_failures.back()};
}

}  // namespace reprieve::policy
