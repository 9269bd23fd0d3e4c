#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "document/yaml.h"

namespace reprieve::document {
namespace {

bool OneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsTrue(std::string_view text) {
  return OneOf(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"});
}
bool IsFalse(std::string_view text) {
  return OneOf(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"});
}

// A whole number in the base that its prefix says, whose digits begin at `text`.
std::optional<std::uint64_t> Digits(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> Magnitude(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return Digits(text.substr(2), 16);
  if (text.starts_with("0b") || text.starts_with("0B")) return Digits(text.substr(2), 2);
  if (text.starts_with("0o") || text.starts_with("0O")) return Digits(text.substr(2), 8);
  if (text.size() > 1 && text.front() == '0') return Digits(text.substr(1), 8);
  return Digits(text, 10);
}

std::optional<Value> Integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto value = Magnitude(text);
  if (!value) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (negative && *value > kMost + 1) return std::nullopt;
  std::string digits(20, '\0');
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *value).ptr;
  digits.resize(static_cast<std::size_t>(end - digits.data()));
  return Value::Number(Cat(negative && *value != 0 ? "-" : "", digits));
}

// Digits with a point or an exponent, and nothing that C would also call a number (inf, 0x1p3).
bool LooksLikeFloat(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  std::size_t digits = 0;
  const auto skip = [&] {
    while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1), ++digits;
  };
  skip();
  if (text.starts_with('.')) text.remove_prefix(1), skip();
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  digits = 0;
  skip();
  return digits > 0 && text.empty();
}

// As Go's JSON encoder writes a float64: shortest digits, an exponent below 1e-6 and from 1e21 on.
std::string FloatText(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, e));
  std::erase(digits, '.');
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  std::string out = std::signbit(value) ? "-" : "";
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-6 || size >= 1e21)) {
    out += digits.substr(0, 1);
    if (digits.size() > 1) AppendTo(out, ".", digits.substr(1));
    return Cat(out, "e", exponent < 0 ? "" : "+", exponent);
  }
  const int point = exponent + 1;  // so many digits stand before the decimal point
  if (point <= 0) return Cat(out, "0.", std::string(static_cast<std::size_t>(-point), '0'), digits);
  const auto whole = static_cast<std::size_t>(point);
  if (digits.size() <= whole) return Cat(out, digits, std::string(whole - digits.size(), '0'));
  return Cat(out, digits.substr(0, whole), ".", digits.substr(whole));
}

std::optional<Value> Float(std::string_view text) {
  if (!LooksLikeFloat(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return Value::Number(FloatText(value));
}

}  // namespace

std::string_view UnsupportedNumber(std::string_view text) {
  if (OneOf(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) return "+Inf";
  if (OneOf(text, {"-.inf", "-.Inf", "-.INF"})) return "-Inf";
  return OneOf(text, {".nan", ".NaN", ".NAN"}) ? "NaN" : "";
}

Value ResolveScalar(std::string_view text) {
  if (OneOf(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (IsTrue(text)) return Value::Bool(true);
  if (IsFalse(text)) return Value::Bool(false);
  const char first = text.front();
  if (IsDigit(first) || first == '-' || first == '+' || first == '.') {
    std::string plain(text);
    std::erase(plain, '_');
    if (auto number = Integer(plain)) return std::move(*number);
    if (auto number = Float(plain)) return std::move(*number);
  }
  return Value::String(std::string(text));
}

}  // namespace reprieve::document
