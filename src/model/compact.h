// Compact<T>: an optional as large as its value: the least value of T stands for "none". For times of which there are
// millions.
//
// A plain value, used as std::optional is. REQUIRES of every value: it is not that one (of Time: the year 1677).
#pragma once

#include <chrono>
#include <optional>

namespace reprieve::model {

template <class T>
class Compact {
 public:
  Compact() = default;
  Compact(T value) : value_(value) {}                                             // NOLINT(google-explicit-constructor)
  Compact(std::nullopt_t) {}                                                      // NOLINT(google-explicit-constructor)
  Compact(const std::optional<T>& value) : value_(value.value_or((T::min)())) {}  // NOLINT(google-explicit-constructor)
  operator std::optional<T>() const {                                             // NOLINT(google-explicit-constructor)
    return has_value() ? std::optional<T>(value_) : std::nullopt;
  }

  bool has_value() const { return value_ != (T::min)(); }
  explicit operator bool() const { return has_value(); }
  // REQUIRES: has_value().
  const T& operator*() const { return value_; }
  T value_or(T other) const { return has_value() ? value_ : other; }
  void reset() { value_ = (T::min)(); }

  bool operator==(const Compact&) const = default;

 private:
  T value_ = (T::min)();
};

}  // namespace reprieve::model
