// Times that the API writes in whole seconds, and deadlines that are counted from them.
//
// 12:00:00.9 is written as 12:00:00. A deadline counted from the written time is up to a second early, as upstream's
// is. Pure; safe from any thread.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace reprieve::policy {

// The latest time that `written` can stand for, if it was first seen at `seen` (Time::max(): not known). A deadline
// counted from it is never early, and at most one second late.
inline Time LatestTime(Time written, Time seen) {
  if (written != TruncateToSeconds(written)) return written;  // it has kept its fraction
  return std::min(written + Seconds(1), std::max(written, seen));
}

// A time in an object, and when its present value was first seen.
class WrittenTime {
 public:
  // `written`: its value at `now`; nothing: the object has no such time.
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
