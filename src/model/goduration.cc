#include "model/goduration.h"

#include <cstdint>
#include <optional>
#include <string>

#include "base/text.h"

namespace reprieve::model {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{1} << 63;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr Unit kUnits[] = {
    {"ns", 1},         {"us", 1'000},        {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000},
};

std::optional<std::uint64_t> LengthOf(std::string_view unit) {
  for (const Unit& known : kUnits) {
    if (known.name == unit) return known.nanoseconds;
  }
  return std::nullopt;
}

// Go's package time has a quoting of its own: bytes beyond ASCII are escaped one by one.
std::string Quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || byte < 0x20) {
      AppendTo(out, "\\x", kDigits[byte >> 4], kDigits[byte & 15]);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : whole_(text), rest_(text) {}

  Result<std::chrono::nanoseconds> Read() {
    const bool negative = rest_.starts_with('-');
    if (negative || rest_.starts_with('+')) rest_.remove_prefix(1);
    if (rest_ == "0") return std::chrono::nanoseconds(0);
    if (rest_.empty()) return Invalid();
    std::uint64_t sum = 0;
    while (!rest_.empty()) {
      const Result<std::uint64_t> part = ReadPart();
      if (!part.ok()) return part.error();
      if (*part > kLimit - sum) return Invalid();
      sum += *part;
    }
    if (sum == kLimit) {
      if (negative) return std::chrono::nanoseconds::min();
      return Invalid();
    }
    const std::chrono::nanoseconds length(static_cast<std::int64_t>(sum));
    return negative ? -length : length;
  }

 private:
  // A number and its unit, at most 2^63 ns.
  Result<std::uint64_t> ReadPart() {
    if (rest_.front() != '.' && !IsDigit(rest_.front())) return Invalid();
    const std::size_t before = rest_.size();
    std::uint64_t whole = 0;
    for (; !rest_.empty() && IsDigit(rest_.front()); rest_.remove_prefix(1)) {
      if (whole > kLimit / 10) return Invalid();
      whole = whole * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
      if (whole > kLimit) return Invalid();
    }
    bool has_digits = rest_.size() != before;
    std::uint64_t fraction = 0;  // the digits after the point; those that don't fit any more don't count
    double scale = 1;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      for (bool fits = true; !rest_.empty() && IsDigit(rest_.front()); rest_.remove_prefix(1)) {
        has_digits = true;
        fits = fits && fraction <= (kLimit - 1) / 10 - 1;
        if (!fits) continue;
        fraction = fraction * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
        scale *= 10;
      }
    }
    if (!has_digits) return Invalid();
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '.' && !IsDigit(rest_[end])) ++end;
    if (end == 0) return Error{Cat("time: missing unit in duration ", Quoted(whole_))};
    const std::string_view name = rest_.substr(0, end);
    rest_.remove_prefix(end);
    const auto unit = LengthOf(name);
    if (!unit) return Error{Cat("time: unknown unit ", Quoted(name), " in duration ", Quoted(whole_))};
    if (whole > kLimit / *unit) return Invalid();
    const double rest = static_cast<double>(fraction) * (static_cast<double>(*unit) / scale);
    const std::uint64_t length = whole * *unit + static_cast<std::uint64_t>(rest);
    if (length > kLimit) return Invalid();
    return length;
  }

  Error Invalid() const { return {Cat("time: invalid duration ", Quoted(whole_))}; }

  std::string_view whole_;
  std::string_view rest_;
};

}  // namespace

Result<std::chrono::nanoseconds> ParseGoDuration(std::string_view text) {
  return Reader(text).Read();
}

}  // namespace reprieve::model
