#include "model/quantity.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"

namespace reprieve::model {
namespace {

constexpr Int128 kNano = 1'000'000'000;
constexpr Int128 kLimit = kNano * 1'000'000'000'000'000'000 * 100'000'000'000;  // 1e29 units
constexpr Int128 kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxTextBytes = 4096;
constexpr int kMostExponent = 99'999;  // a multiple of three, far beyond kLimit
// Longer numbers are always printed in canonical form.
constexpr std::size_t kMostDecimalDigits = 18;
constexpr std::size_t kMostBinaryDigits = 15;

constexpr std::string_view kFormatWrong =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
constexpr std::string_view kSuffixWrong = "unable to parse quantity's suffix";

struct Suffix {
  Quantity::Format format = Quantity::Format::kDecimalSi;
  int exponent = 0;  // of ten, or of two where the format is binary
};

struct Parts {
  bool negative = false;
  std::string_view whole;     // digits without leading zeros
  std::string_view fraction;  // digits
  std::string_view suffix;
};

// The grammar, with upstream's leniency: digits may be missing altogether.
std::optional<Parts> Cut(std::string_view text) {
  Parts parts;
  if (text.starts_with('-') || text.starts_with('+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const auto digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view found = text.substr(0, count);
    text.remove_prefix(count);
    return found;
  };
  parts.whole = digits();
  parts.whole.remove_prefix(std::min(parts.whole.find_first_not_of('0'), parts.whole.size()));
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = digits();
  }
  parts.suffix = text;
  text.remove_prefix(std::min(text.find_first_not_of("eEinumkKMGTP"), text.size()));
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  digits();
  if (!text.empty()) return std::nullopt;
  return parts;
}

std::optional<Suffix> ReadSuffix(std::string_view text) {
  using enum Quantity::Format;
  static constexpr struct {
    std::string_view text;
    Suffix suffix;
  } kTable[] = {
      {"", {kDecimalSi, 0}},   {"n", {kDecimalSi, -9}}, {"u", {kDecimalSi, -6}}, {"m", {kDecimalSi, -3}},
      {"k", {kDecimalSi, 3}},  {"M", {kDecimalSi, 6}},  {"G", {kDecimalSi, 9}},  {"T", {kDecimalSi, 12}},
      {"P", {kDecimalSi, 15}}, {"E", {kDecimalSi, 18}}, {"Ki", {kBinarySi, 10}}, {"Mi", {kBinarySi, 20}},
      {"Gi", {kBinarySi, 30}}, {"Ti", {kBinarySi, 40}}, {"Pi", {kBinarySi, 50}}, {"Ei", {kBinarySi, 60}},
  };
  for (const auto& row : kTable) {
    if (row.text == text) return row.suffix;
  }
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(1);
  if (text.front() == '+') text.remove_prefix(1);
  if (text.empty() || text.front() == '+') return std::nullopt;
  const auto exponent = ParseInt32(text);
  if (!exponent) return std::nullopt;
  return Suffix{kDecimalExponent, std::clamp(*exponent, -kMostExponent, kMostExponent)};
}

// value * factor, held at the limit. REQUIRES: both >= 0, factor > 0.
Int128 Times(Int128 value, Int128 factor) {
  return value > kLimit / factor ? kLimit : value * factor;
}

// digits * 10^exponent in nano units, rounded up, held at the limit.
Int128 Scaled(std::string_view whole, std::string_view fraction, int exponent) {
  Int128 value = 0;
  bool lost = false;
  int places = exponent + 9;  // how many more digits count, from the decimal point
  for (const char digit : whole) value = Times(value, 10) + (digit - '0');
  value = std::min(value, kLimit);
  for (; places < 0 && value > 0; ++places) {
    lost = lost || value % 10 != 0;
    value /= 10;
  }
  if (places < 0) places = 0, lost = lost || !fraction.empty();
  for (const char digit : fraction) {
    if (places > 0) {
      value = std::min(Times(value, 10) + (digit - '0'), kLimit);
      --places;
    } else {
      lost = lost || digit != '0';
    }
  }
  for (; places > 0 && value > 0 && value < kLimit; --places) value = Times(value, 10);
  return value + (lost ? 1 : 0);
}

Int128 DivideAwayFromZero(Int128 value, Int128 by) {
  const Int128 quotient = value / by;
  if (value % by == 0) return quotient;
  return value > 0 ? quotient + 1 : quotient - 1;
}

std::int64_t Held(Int128 value) {
  return static_cast<std::int64_t>(std::clamp<Int128>(value, std::numeric_limits<std::int64_t>::min(), kMaxInt64));
}

std::string Digits(Int128 value) {
  std::string out;
  const bool negative = value < 0;
  if (negative) value = -value;
  do {
    out += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value > 0);
  if (negative) out += '-';
  return {out.rbegin(), out.rend()};
}

std::string DecimalText(Int128 nano, Quantity::Format format) {
  constexpr std::string_view kSuffixes[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  int exponent = -9;
  for (; nano % 1000 == 0 && exponent < 18; exponent += 3) nano /= 1000;
  if (format != Quantity::Format::kDecimalExponent) {
    // There is no suffix above E, and upstream leaves out the power of ten that it can't name.
    if (nano % 1000 == 0) {
      while (nano % 1000 == 0) nano /= 1000;
      return Digits(nano);
    }
    return Digits(nano) + std::string(kSuffixes[static_cast<std::size_t>(exponent / 3 + 3)]);
  }
  for (; nano % 1000 == 0; exponent += 3) nano /= 1000;
  return exponent == 0 ? Digits(nano) : Cat(Digits(nano), "e", exponent);
}

std::string BinaryText(Int128 value) {
  constexpr std::string_view kSuffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t power = 0;
  for (; value % 1024 == 0 && power < 6; ++power) value /= 1024;
  return Digits(value) + std::string(kSuffixes[power]);
}

}  // namespace

Result<Quantity> Quantity::Parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxTextBytes) return Error{std::string(kFormatWrong)};
  const auto parts = Cut(text);
  if (!parts) return Error{std::string(kFormatWrong)};
  const auto suffix = ReadSuffix(parts->suffix);
  if (!suffix) return Error{std::string(kSuffixWrong)};

  Quantity out;
  out.format_ = suffix->format;
  // Short numbers that are canonical but for signs, leading zeros and the point keep their text.
  const std::size_t digits = parts->whole.size() + parts->fraction.size();
  bool verbatim = !parts->whole.empty();
  if (suffix->format == Format::kBinarySi) {
    const Int128 value = Scaled(parts->whole, parts->fraction, 0);
    const Int128 whole = value / kNano;
    out.nano_ = Times(value, Int128{1} << suffix->exponent);
    if (out.nano_ > kMaxInt64 * kNano) {
      out.nano_ = kMaxInt64 * kNano;
      verbatim = false;
    }
    verbatim = verbatim && digits <= kMostBinaryDigits && parts->fraction.empty() && whole % 1024 != 0;
    if (out.nano_ < kNano) out.format_ = Format::kDecimalSi;
  } else {
    out.nano_ = Scaled(parts->whole, parts->fraction, suffix->exponent);
    const int scale = suffix->exponent - static_cast<int>(parts->fraction.size());
    verbatim = verbatim && digits <= kMostDecimalDigits && scale % 3 == 0 && scale >= -9 &&
               !Cat(parts->whole, parts->fraction).ends_with("000");
  }
  if (parts->negative) out.nano_ = -out.nano_;
  // What is larger than can be held keeps its text as well, without sign and leading zeros.
  if (out.nano_ == kLimit || out.nano_ == -kLimit) {
    text.remove_prefix(std::min(text.find_first_not_of("+-0"), text.size()));
    out.text_ = Cat(parts->negative ? "-" : "", text);
    return out;
  }
  out.text_ = verbatim ? std::string(text) : out.CanonicalText();
  return out;
}

std::string Quantity::CanonicalText() const {
  if (nano_ == 0) return "0";
  const bool binary =
      format_ == Format::kBinarySi && nano_ % kNano == 0 && (nano_ <= -1024 * kNano || nano_ >= 1024 * kNano);
  if (binary) return BinaryText(nano_ / kNano);
  return DecimalText(nano_, format_ == Format::kBinarySi ? Format::kDecimalSi : format_);
}

void Quantity::RoundUpToMilli() {
  if (nano_ % 1'000'000 == 0) return;
  nano_ = DivideAwayFromZero(nano_, 1'000'000) * 1'000'000;
  text_ = CanonicalText();
}

std::int64_t Quantity::Value() const {
  return Held(DivideAwayFromZero(nano_, kNano));
}
std::int64_t Quantity::MilliValue() const {
  return Held(DivideAwayFromZero(nano_, 1'000'000));
}

Quantity& Quantity::operator+=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ = std::clamp(nano_ + other.nano_, -kLimit, kLimit);
  text_ = CanonicalText();
  return *this;
}

}  // namespace reprieve::model
