// Conversions of users' numbers that stop at a border instead of overflowing.
//
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <limits>

#include "base/time.h"

namespace reprieve {

// The longest duration that a number of seconds can stand for: 100 years. A Time of today plus or minus two of them
// still fits into 64 bits of nanoseconds, and nobody waits to see the difference.
inline constexpr Seconds kLongestDuration{std::int64_t{100} * 365 * 86400};

// Seconds that a user has given, at most kLongestDuration, either way.
constexpr Nanoseconds DurationOfSeconds(std::int64_t seconds) {
  if (seconds > kLongestDuration.count()) return kLongestDuration;
  if (seconds < -kLongestDuration.count()) return -kLongestDuration;
  return Seconds(seconds);
}

// Left and right may be anything; what does not fit becomes the largest or smallest number.
constexpr std::int64_t AddSaturated(std::int64_t left, std::int64_t right) {
  std::int64_t out = 0;
  if (!__builtin_add_overflow(left, right, &out)) return out;
  return left < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

constexpr std::int64_t MultiplySaturated(std::int64_t left, std::int64_t right) {
  std::int64_t out = 0;
  if (!__builtin_mul_overflow(left, right, &out)) return out;
  return (left < 0) == (right < 0) ? std::numeric_limits<std::int64_t>::max()
                                   : std::numeric_limits<std::int64_t>::min();
}

}  // namespace reprieve
