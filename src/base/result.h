// Result<T>: a value, or an Error that says what to do. For input and the world; our own mistakes are REPRIEVE_CHECK.
//
// Thread rules: a plain value, as safe as T.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace reprieve {

// One clear sentence for the person who reads it: the object, the fact, the consequence and the way out.
struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor): return value;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor): return Error{...};

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  T& value() & {
    REPRIEVE_CHECK(ok(), std::get<Error>(state_).message);
    return std::get<T>(state_);
  }
  const T& value() const& {
    REPRIEVE_CHECK(ok(), std::get<Error>(state_).message);
    return std::get<T>(state_);
  }
  T&& value() && {
    REPRIEVE_CHECK(ok(), std::get<Error>(state_).message);
    return std::get<T>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Nothing {};
using Status = Result<Nothing>;
inline Status Ok() {
  return Nothing{};
}

}  // namespace reprieve
