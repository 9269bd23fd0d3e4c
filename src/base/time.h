// Time as the API writes it. There is no clock here: only a world reads the time of day.
//
// Source: RFC 3339; metav1.Time has whole seconds, metav1.MicroTime six digits. Pure; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprieve {

using Nanoseconds = std::chrono::nanoseconds;
using Seconds = std::chrono::seconds;
// UTC. The default value is the epoch and never means "not set": use std::optional for that.
using Time = std::chrono::time_point<std::chrono::system_clock, Nanoseconds>;

// 2026-11-22T12:03:22Z, fractions dropped.
std::string FormatRfc3339(Time time);
// 2026-11-22T12:03:22.123Z.
std::string FormatRfc3339Milli(Time time);
// 2026-11-22T12:03:22.123456789Z, as the CRI log format has it.
std::string FormatRfc3339Nano(Time time);
// 12:03:22 in UTC.
std::string FormatClock(Time time);
// Any RFC 3339 text, with fraction and offset; nullopt if it is not one.
std::optional<Time> ParseRfc3339(std::string_view text);

inline Time TruncateToSeconds(Time time) {
  return std::chrono::floor<Seconds>(time);
}

// As people say it: 320ms, 9.4s, 1m12s, 2h5m, 3d4h. ParseDuration reads all of it back.
std::string HumanDuration(Nanoseconds duration);

// 250ms, 9.4s, 1m12s, 1.5h, 3d4h: numbers with units; nullopt if it is not one. At most 100 years (saturate.h).
std::optional<Nanoseconds> ParseDuration(std::string_view text);

}  // namespace reprieve
