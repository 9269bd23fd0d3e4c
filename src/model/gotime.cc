#include "model/gotime.h"

#include <chrono>
#include <cstdio>
#include <optional>

#include "base/text.h"

namespace reprieve::model {
namespace {

constexpr std::string_view kLayout = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view kMicroLayout = "2006-01-02T15:04:05.000000Z07:00";

// Reads the elements of the layout one after another from what is left of the text.
class Parser {
 public:
  Parser(std::string_view text, bool micro) : text_(text), rest_(text), micro_(micro) {}

  Result<GoTime> Parse() {
    int year = 0;
    if (!ReadYear(year) || !Skip("-") || !Two(month_, "01", 1, 12, "month") || !Skip("-") ||
        !Two(day_, "02", 0, 99, "") || !Skip("T") || !Two(hour_, "15", 0, 23, "hour") || !Skip(":") ||
        !Two(minute_, "04", 0, 59, "minute") || !Skip(":") || !Two(second_, "05", 0, 59, "second") || !ReadFraction() ||
        !ReadZone()) {
      return Error{std::move(error_)};
    }
    if (!rest_.empty()) return Error{Cat("parsing time ", Quote(text_), ": extra text: ", Quote(rest_))};
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month_)},
                              std::chrono::day{static_cast<unsigned>(day_)}};
    if (!date.ok()) return Error{Cat("parsing time ", Quote(text_), ": day out of range")};
    return Build(date);
  }

 private:
  bool Fail(std::string_view element) {
    error_ = Cat("parsing time ", Quote(text_), " as ", Quote(micro_ ? kMicroLayout : kLayout), ": cannot parse ",
                 Quote(rest_), " as ", Quote(element));
    return false;
  }

  bool OutOfRange(std::string_view what) {
    error_ = Cat("parsing time ", Quote(text_), ": ", what, " out of range");
    return false;
  }

  bool Skip(std::string_view literal) {
    if (!rest_.starts_with(literal)) return Fail(literal);
    rest_.remove_prefix(literal.size());
    return true;
  }

  bool ReadYear(int& year) {
    const auto number = rest_.size() >= 4 && IsDigit(rest_[0]) ? ParseInt32(rest_.substr(0, 4)) : std::nullopt;
    if (!number) return Fail("2006");
    year = *number;
    rest_.remove_prefix(4);
    return true;
  }

  bool Two(int& out, std::string_view element, int low, int high, std::string_view what) {
    if (rest_.size() < 2 || !IsDigit(rest_[0]) || !IsDigit(rest_[1])) return Fail(element);
    out = (rest_[0] - '0') * 10 + (rest_[1] - '0');
    if (out < low || out > high) return OutOfRange(what);
    rest_.remove_prefix(2);
    return true;
  }

  bool ReadFraction() {
    if (micro_) {
      if (rest_.size() < 7 || rest_[0] != '.' || !ParseInt32(rest_.substr(1, 6)) || !IsDigit(rest_[1])) {
        return Fail(".000000");
      }
      nanoseconds_ = *ParseInt32(rest_.substr(1, 6)) * 1000;
      rest_.remove_prefix(7);
      return true;
    }
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !IsDigit(rest_[1])) return true;
    rest_.remove_prefix(1);
    std::int32_t unit = 100'000'000;
    for (; !rest_.empty() && IsDigit(rest_[0]); rest_.remove_prefix(1), unit /= 10) {
      nanoseconds_ += (rest_[0] - '0') * unit;
    }
    return true;
  }

  bool ReadZone() {
    if (rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      return true;
    }
    if (rest_.size() < 6 || rest_[3] != ':' || (rest_[0] != '+' && rest_[0] != '-')) return Fail("Z07:00");
    for (const std::size_t i : {1U, 2U, 4U, 5U}) {
      if (!IsDigit(rest_[i])) return Fail("Z07:00");
    }
    const int hours = (rest_[1] - '0') * 10 + (rest_[2] - '0');
    const int minutes = (rest_[4] - '0') * 10 + (rest_[5] - '0');
    if (hours > 24) return OutOfRange("time zone offset hour");
    if (minutes > 60) return OutOfRange("time zone offset minute");
    offset_minutes_ = (rest_[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    rest_.remove_prefix(6);
    return true;
  }

  GoTime Build(std::chrono::year_month_day date) const {
    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t minutes = (days * 24 + hour_) * 60 + minute_ - offset_minutes_;
    return {minutes * 60 + second_, nanoseconds_};
  }

  std::string_view text_;
  std::string_view rest_;
  bool micro_;
  std::string error_;
  int month_ = 0;
  int day_ = 0;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  std::int32_t nanoseconds_ = 0;
  int offset_minutes_ = 0;
};

}  // namespace

std::string GoTime::Text(bool micro) const {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds{this->seconds}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string out = buffer;
  if (micro) {
    std::snprintf(buffer, sizeof buffer, ".%06d", static_cast<int>(nanoseconds / 1000));
    out += buffer;
  }
  return out + "Z";
}

Result<GoTime> ParseGoTime(std::string_view text, bool micro) {
  return Parser(text, micro).Parse();
}

}  // namespace reprieve::model
