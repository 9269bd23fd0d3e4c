#include "base/time.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

#include "base/saturate.h"
#include "base/text.h"

namespace reprieve {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

struct Civil {
  int year;
  unsigned month, day, hour, minute, second;
  std::int64_t nanosecond;
};

Civil ToCivil(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{std::chrono::sys_days{day}};
  const auto rest = time - day;
  const auto seconds = std::chrono::duration_cast<Seconds>(rest).count();
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<unsigned>(seconds / 3600),
          static_cast<unsigned>(seconds / 60 % 60),
          static_cast<unsigned>(seconds % 60),
          (rest - Seconds(seconds)).count()};
}

// Reads exactly `digits` decimal digits and removes them from `text`.
std::optional<int> TakeDigits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Nanoseconds> TakeOffset(std::string_view& text) {
  if (TakeChar(text, 'Z')) return Nanoseconds(0);
  const bool west = TakeChar(text, '-');
  if (!west && !TakeChar(text, '+')) return std::nullopt;
  const auto hour = TakeDigits(text, 2);
  if (!hour || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const Nanoseconds offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

}  // namespace

std::string FormatRfc3339(Time time) {
  const Civil c = ToCivil(time);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02u:%02u:%02uZ", c.year, c.month, c.day, c.hour, c.minute,
                c.second);
  return buffer;
}

std::string FormatRfc3339Milli(Time time) {
  return Cat(FormatRfc3339Nano(time).substr(0, 23), "Z");
}

std::string FormatRfc3339Nano(Time time) {
  const Civil c = ToCivil(time);
  char buffer[80];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02u:%02u:%02u.%09lldZ", c.year, c.month, c.day, c.hour,
                c.minute, c.second, static_cast<long long>(c.nanosecond));
  return buffer;
}

std::string FormatClock(Time time) {
  return FormatRfc3339(time).substr(11, 8);
}

std::optional<Time> ParseRfc3339(std::string_view text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, '-')) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day || !TakeChar(text, 'T')) return std::nullopt;
  const auto hour = TakeDigits(text, 2);
  if (!hour || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || !TakeChar(text, ':')) return std::nullopt;
  const auto second = TakeDigits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::int64_t fraction = 0;
  if (TakeChar(text, '.') || TakeChar(text, ',')) {
    std::int64_t scale = 1'000'000'000;
    std::size_t digits = 0;
    for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1), ++digits) {
      if (scale > 1) fraction += (text.front() - '0') * (scale /= 10);
    }
    if (digits == 0) return std::nullopt;
  }
  const auto offset = TakeOffset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  // Years beyond what 64 bits of nanoseconds hold would wrap around.
  if (*year < 1678 || *year > 2261) return std::nullopt;
  return Time(std::chrono::sys_days{date}) + hours(*hour) + minutes(*minute) + Seconds(*second) +
         Nanoseconds(fraction) - *offset;
}

std::string HumanDuration(Nanoseconds duration) {
  if (duration < Nanoseconds(0)) return Cat("-", HumanDuration(-duration));
  const auto ms = std::chrono::duration_cast<milliseconds>(duration).count();
  if (ms < 1000) return Cat(ms, "ms");
  if (ms < 10'000 && ms % 1000 >= 100) return Cat(ms / 1000, ".", ms % 1000 / 100, "s");
  const auto s = ms / 1000;
  if (s < 60) return Cat(s, "s");
  if (s < 3600) return s % 60 == 0 ? Cat(s / 60, "m") : Cat(s / 60, "m", s % 60, "s");
  if (s < 86400) return s / 60 % 60 == 0 ? Cat(s / 3600, "h") : Cat(s / 3600, "h", s / 60 % 60, "m");
  return s / 3600 % 24 == 0 ? Cat(s / 86400, "d") : Cat(s / 86400, "d", s / 3600 % 24, "h");
}

namespace {

// A number with at most nine digits on each side of the point, in units of `unit`; removes it from `text`.
struct Quantity {
  std::int64_t whole = 0;
  std::int64_t billionths = 0;
};
std::optional<Quantity> TakeQuantity(std::string_view& text) {
  Quantity out;
  std::size_t digits = 0;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    if (digits == 9) return std::nullopt;
    out.whole = out.whole * 10 + (text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  if (!TakeChar(text, '.')) return out;
  std::int64_t scale = 1'000'000'000;
  for (digits = 0; digits < text.size() && IsDigit(text[digits]); ++digits) {
    if (digits == 9) return std::nullopt;
    out.billionths += (text[digits] - '0') * (scale /= 10);
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return out;
}

}  // namespace

std::optional<Nanoseconds> ParseDuration(std::string_view text) {
  constexpr std::pair<std::string_view, std::int64_t> kMilliseconds[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr std::int64_t kMost = milliseconds(kLongestDuration).count();
  if (text.empty()) return std::nullopt;
  Nanoseconds sum{0};
  while (!text.empty()) {
    const auto number = TakeQuantity(text);
    if (!number) return std::nullopt;
    const auto* unit = std::find_if(std::begin(kMilliseconds), std::end(kMilliseconds),
                                    [&](const auto& each) { return text.starts_with(each.first); });
    if (unit == std::end(kMilliseconds)) return std::nullopt;
    text.remove_prefix(unit->first.size());
    sum += milliseconds(std::min(number->whole, kMost / unit->second) * unit->second);
    // A day has 86,400,000 ms: eight digits beside nine stay below 2^63.
    sum += Nanoseconds(number->billionths * unit->second / 1000);
    sum = std::min<Nanoseconds>(sum, kLongestDuration);
  }
  return sum;
}

}  // namespace reprieve
