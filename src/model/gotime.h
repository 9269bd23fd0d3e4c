// Times as Go's time.Parse reads them by the layout RFC 3339, with its errors word for word.
//
// Source: the recordings of `parsing time "x" as ...`. base/time.h reads times where nobody quotes the error.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::model {

// Any year from 0 to 9999, which base::Time can't hold. Seconds since 1970 in UTC.
struct GoTime {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;

  // The first second of year 1, which Go takes for "no time".
  bool IsZero() const { return seconds == -62135596800 && nanoseconds == 0; }
  // 2026-11-22T12:03:22Z, without the fraction as metav1.Time; with six digits of it as metav1.MicroTime.
  std::string Text(bool micro = false) const;
};

// `micro`: the layout of metav1.MicroTime, with six digits.
[[nodiscard]] Result<GoTime> ParseGoTime(std::string_view text, bool micro = false);

}  // namespace reprieve::model
