// How much time has passed since something that the API says in whole seconds.
//
// What happens at 12:00:00.9 is written as 12:00:00. A deadline that was counted from there would be up to a second
// early; upstream's is. Pure; safe from any thread.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace reprieve::policy {

// The latest time that `written` can stand for, if whoever asks first saw it at `seen` (Time::max(): not known): what
// is due some time after that is never early, and at most one second late.
inline Time LatestTime(Time written, Time seen) {
  if (written != TruncateToSeconds(written)) return written;  // it has kept its fraction
  return std::min(written + Seconds(1), std::max(written, seen));
}

// A time of an object as it was last written, and when it was first seen so.
class WrittenTime {
 public:
  // What is written at `now`; nothing: no time any more.
  void See(std::optional<Time> written, Time now) {
    if (written == written_) return;
    written_ = written;
    seen_ = now;
  }
  // REQUIRES: a time has been seen.
  Time Latest() const { return LatestTime(*written_, seen_); }
  std::optional<Time> written() const { return written_; }

 private:
  std::optional<Time> written_;
  Time seen_{};
};

}  // namespace reprieve::policy
