#include "model/cron_schedule.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"
#include "model/goduration.h"

namespace reprieve::model {
namespace {

using std::string_view;

struct Bounds {
  std::uint64_t min;
  std::uint64_t max;
  std::span<const string_view> names = {};  // of min, min + 1, ...
};

constexpr string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

constexpr Bounds kMinute = {0, 59};
constexpr Bounds kHour = {0, 23};
constexpr Bounds kDayOfMonth = {1, 31};
constexpr Bounds kMonth = {1, 12, kMonths};
constexpr Bounds kDayOfWeek = {0, 6, kDays};

constexpr std::size_t kFields = 5;

struct Descriptor {
  string_view name;
  string_view fields;
};
constexpr Descriptor kDescriptors[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};
constexpr string_view kEvery = "@every ";

// The bytes of the white space that `text` begins with; 0 if it begins with something else. Unicode's, as Go has it.
std::size_t SpaceAt(string_view text) {
  static constexpr string_view kSpaces[] = {" ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085",
                                            "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
                                            "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
                                            "\u2029", "\u202f", "\u205f", "\u3000"};
  for (const string_view space : kSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

std::vector<std::string> Words(string_view text) {
  std::vector<std::string> out;
  bool inside = false;
  while (!text.empty()) {
    if (const std::size_t space = SpaceAt(text); space > 0) {
      inside = false;
      text.remove_prefix(space);
      continue;
    }
    if (!inside) out.emplace_back();
    inside = true;
    out.back() += text.front();
    text.remove_prefix(1);
  }
  return out;
}

string_view WithoutOuterSpace(string_view text) {
  while (const std::size_t space = SpaceAt(text)) text.remove_prefix(space);
  std::size_t end = text.size();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = SpaceAt(text.substr(at));
    if (space == 0) end = at + 1;
    at += std::max<std::size_t>(space, 1);
  }
  return text.substr(0, std::min(end, text.size()));
}

// What Go's strconv.Atoi reads, and what it says of the rest.
Result<std::int64_t> ReadNumber(string_view text) {
  const auto fault = [&](string_view why) { return Error{Cat("strconv.Atoi: parsing ", Quote(text), ": ", why)}; };
  const bool negative = text.starts_with('-');
  const string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), IsDigit)) return fault("invalid syntax");
  const auto number = ParseInt64(Cat(negative ? "-" : "", digits));
  if (!number) return fault("value out of range");
  return *number;
}

Result<std::uint64_t> ReadCount(string_view text) {
  const auto number = ReadNumber(text);
  if (!number.ok()) return Error{Cat("failed to parse int from ", text, ": ", number.error().message)};
  if (*number < 0) return Error{Cat("negative number (", *number, ") not allowed: ", text)};
  return static_cast<std::uint64_t>(*number);
}

Result<std::uint64_t> ReadValue(string_view text, const Bounds& bounds) {
  const auto name = std::find(bounds.names.begin(), bounds.names.end(), ToLower(text));
  if (name == bounds.names.end()) return ReadCount(text);
  return bounds.min + static_cast<std::uint64_t>(name - bounds.names.begin());
}

std::uint64_t Values(std::uint64_t first, std::uint64_t last, std::uint64_t step) {
  std::uint64_t out = 0;
  for (std::uint64_t value = first; value <= last; value += step) {
    out |= std::uint64_t{1} << value;
    if (step > last - value) break;
  }
  return out;
}

// One item of a list: *, ?, n, n-m, each perhaps with /step.
Result<CronField> ReadRange(string_view text, const Bounds& bounds) {
  const auto parts = Split(text, '/');
  const auto ends = Split(parts[0], '-');
  std::uint64_t first = bounds.min;
  std::uint64_t last = bounds.max;
  const bool any = ends[0] == "*" || ends[0] == "?";  // whatever follows a hyphen then is not looked at
  if (!any) {
    const auto low = ReadValue(ends[0], bounds);
    if (!low.ok()) return low.error();
    first = last = *low;
    if (ends.size() > 2) return Error{Cat("too many hyphens: ", text)};
    if (ends.size() == 2) {
      const auto high = ReadValue(ends[1], bounds);
      if (!high.ok()) return high.error();
      last = *high;
    }
  }
  std::uint64_t step = 1;
  if (parts.size() > 2) return Error{Cat("too many slashes: ", text)};
  if (parts.size() == 2) {
    const auto count = ReadCount(parts[1]);
    if (!count.ok()) return count.error();
    step = *count;
    if (ends.size() == 1) last = bounds.max;  // n/step goes on to the end
  }
  if (first < bounds.min) {
    return Error{Cat("beginning of range (", first, ") below minimum (", bounds.min, "): ", text)};
  }
  if (last > bounds.max) return Error{Cat("end of range (", last, ") above maximum (", bounds.max, "): ", text)};
  if (first > last) return Error{Cat("beginning of range (", first, ") beyond end of range (", last, "): ", text)};
  if (step == 0) return Error{Cat("step of range should be a positive number: ", text)};
  return CronField{Values(first, last, step), any && step == 1};
}

// A list. One of commas alone is as empty as the server lets it be: it never matches.
Result<CronField> ReadField(string_view text, const Bounds& bounds) {
  CronField out;
  for (const string_view item : Split(text, ',')) {
    if (item.empty()) continue;
    const auto range = ReadRange(item, bounds);
    if (!range.ok()) return range.error();
    out.values |= range->values;
    out.any = out.any || range->any;
  }
  return out;
}

Status ReadFields(string_view text, CronSchedule& schedule) {
  const std::vector<std::string> words = Words(text);
  if (words.size() != kFields) {
    return Error{Cat("expected exactly ", kFields, " fields, found ", words.size(), ": [", Join(words, " "), "]")};
  }
  struct Member {
    CronField& field;
    const Bounds& bounds;
  };
  const Member members[kFields] = {{schedule.minute, kMinute},
                                   {schedule.hour, kHour},
                                   {schedule.day_of_month, kDayOfMonth},
                                   {schedule.month, kMonth},
                                   {schedule.day_of_week, kDayOfWeek}};
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto field = ReadField(words[i], members[i].bounds);
    if (!field.ok()) return field.error();
    members[i].field = *field;
  }
  return Ok();
}

Status ReadDescriptor(string_view text, CronSchedule& schedule) {
  for (const Descriptor& descriptor : kDescriptors) {
    if (descriptor.name == text) return ReadFields(descriptor.fields, schedule);
  }
  if (!text.starts_with(kEvery)) return Error{Cat("unrecognized descriptor: ", text)};
  const auto interval = ParseGoDuration(text.substr(kEvery.size()));
  if (!interval.ok()) return Error{Cat("failed to parse duration ", text, ": ", interval.error().message)};
  schedule.every = std::max(std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(*interval));
  return Ok();
}

// Takes the prefix TZ=NAME or CRON_TZ=NAME off `text`, if there is one.
Status ReadTimeZone(string_view& text, CronSchedule& schedule, const HasTimeZone& has_time_zone) {
  if (!text.starts_with("TZ=") && !text.starts_with("CRON_TZ=")) return Ok();
  const std::size_t begin = text.find('=') + 1;
  const std::size_t end = text.find(' ');
  // The server's own reading breaks off there.
  if (end == string_view::npos) {
    return Error{"invalid schedule format: runtime error: slice bounds out of range [:-1]"};
  }
  const string_view name = text.substr(begin, end - begin);
  if (const auto fault = TimeZoneFault(name, has_time_zone)) {
    return Error{Cat("provided bad location ", name, ": ", *fault)};
  }
  schedule.time_zone = std::string(name);
  text = WithoutOuterSpace(text.substr(end));
  return Ok();
}

}  // namespace

Result<CronSchedule> ParseCronSchedule(string_view text, const HasTimeZone& has_time_zone) {
  if (text.empty()) return Error{"empty spec string"};
  CronSchedule schedule;
  if (const Status zone = ReadTimeZone(text, schedule, has_time_zone); !zone.ok()) return zone.error();
  const Status read = text.starts_with('@') ? ReadDescriptor(text, schedule) : ReadFields(text, schedule);
  if (!read.ok()) return read.error();
  return schedule;
}

}  // namespace reprieve::model
