// Kubernetes quantities: 100m, 1.5Gi, 12e6. Exact to a billionth, and no arithmetic that could overflow.
//
// Source: the resource quantity grammar, the recordings, and what Kubernetes 1.36.3's own reader answered to some
// seventy texts (tests/vectors/quantities.yaml). Values beyond 1e29 are held as 1e29. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::model {

__extension__ using Int128 = __int128;

class Quantity {
 public:
  enum class Format : std::uint8_t { kDecimalSi, kBinarySi, kDecimalExponent };

  Quantity() = default;  // 0
  // An error has the API server's words.
  static Result<Quantity> Parse(std::string_view text);

  // As it was written where that was canonical in all but signs (+1, 1.), else the canonical text.
  const std::string& text() const { return text_; }
  // 1000m is 1, 1024Mi is 1Gi, 0.5 is 500m.
  std::string CanonicalText() const;

  // Away from zero to whole thousandths; a text that this changes becomes canonical. What the API server does to
  // resources.
  void RoundUpToMilli();

  bool IsZero() const { return nano_ == 0; }
  int Sign() const { return nano_ > 0 ? 1 : nano_ < 0 ? -1 : 0; }
  // Rounded away from zero; held at the limits of 64 bits.
  std::int64_t Value() const;
  std::int64_t MilliValue() const;
  // True if it is a whole number (thousandth).
  bool IsWhole() const { return nano_ % 1'000'000'000 == 0; }

  Quantity& operator+=(const Quantity& other);
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }
  friend bool operator<(const Quantity& a, const Quantity& b) { return a.nano_ < b.nano_; }
  friend bool operator>(const Quantity& a, const Quantity& b) { return b < a; }
  // The remainder of a division of nano units. REQUIRES: !divisor.IsZero().
  bool IsMultipleOf(const Quantity& divisor) const { return nano_ % divisor.nano_ == 0; }

 private:
  Int128 nano_ = 0;
  Format format_ = Format::kDecimalSi;
  std::string text_ = "0";
};

}  // namespace reprieve::model
