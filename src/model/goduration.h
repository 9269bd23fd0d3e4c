// Durations as Go's time.ParseDuration reads them, with its errors word for word.
//
// Source: Go's documentation of time.ParseDuration; answers of kube-apiserver to `@every`
// (tests/vectors/cron_jobs.yaml). base/time.h reads durations where nobody quotes the error. Pure; safe from any
// thread.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace reprieve::model {

// 1h15m30.5s, with a sign if it has one; 0 needs no unit.
[[nodiscard]] Result<std::chrono::nanoseconds> ParseGoDuration(std::string_view text);

}  // namespace reprieve::model
