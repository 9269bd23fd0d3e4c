// Field errors: what a validator says about one field, in the API server's words.
//
// Source: the causes in the recordings; spec/job.md 1.7. Plain values and pure functions; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"

namespace reprieve::admission {

// The path to a field: spec.template.spec.containers[0].name.
class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(std::string text) : text_(std::move(text)) {}

  FieldPath operator/(std::string_view child) const;
  FieldPath operator[](std::size_t index) const;
  // labels[app]
  FieldPath Key(std::string_view key) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

enum class FieldErrorType : std::uint8_t {
  kNotFound,
  kRequired,
  kDuplicate,
  kInvalid,
  kNotSupported,
  kForbidden,
  kTooLong,
  kTooMany,
  kTypeInvalid,  // of a custom resource: another JSON type than its schema has
  kInternal,     // a webhook's error that is about no field
};

struct FieldError {
  FieldErrorType type = FieldErrorType::kInvalid;
  std::string field;
  std::string body;        // Invalid value: "x": must be ...
  std::string place = {};  // where users correct it, if `field` does not say

  // field: body
  std::string Text() const { return field + ": " + body; }
};

// FieldValueInvalid and the like: what a cause's `reason` says.
std::string_view ReasonOf(FieldErrorType type);

// A value as messages show it.
std::string Shown(std::string_view text);  // quoted
inline std::string Shown(const std::string& text) {
  return Shown(std::string_view(text));
}
inline std::string Shown(const char* text) {
  return Shown(std::string_view(text));
}
std::string Shown(std::int64_t number);
std::string Shown(const document::Value& value);  // text quoted, the rest as compact JSON

// A map with its keys in order; null if it is not there.
std::string DumpMap(const document::Value& map);

// The errors of one object, in the order in which the API server finds them.
class FieldErrors {
 public:
  void Required(const FieldPath& path, std::string_view detail = "");
  // `shown` is the value as Shown or Dump made it.
  void Invalid(const FieldPath& path, std::string_view shown, std::string_view detail);
  // Without a value.
  void InvalidNoValue(const FieldPath& path, std::string_view detail);
  // `supported` stands in the message in this order.
  void NotSupported(const FieldPath& path, std::string_view value, const std::vector<std::string_view>& supported);
  // `shown` is the value as Shown or Dump made it.
  void NotSupportedShown(const FieldPath& path, std::string_view shown, const std::vector<std::string_view>& supported);
  void Duplicate(const FieldPath& path, std::string_view shown);
  void Forbidden(const FieldPath& path, std::string_view detail);
  void NotFound(const FieldPath& path, std::string_view shown, std::string_view detail = "");
  void TooLong(const FieldPath& path, std::int64_t max_bytes);
  void TooMany(const FieldPath& path, std::size_t actual, std::size_t max);
  void TypeInvalid(const FieldPath& path, std::string_view shown, std::string_view detail);
  // `place`: where users correct it, though the server names no field.
  void Internal(std::string_view detail, const FieldPath& place);

  void Append(FieldErrors other);
  // Of errors with the same text the first stays.
  void DropRepeated();
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  const std::vector<FieldError>& list() const { return list_; }

 private:
  void Add(FieldErrorType type, const FieldPath& path, std::string body);
  std::vector<FieldError> list_;
};

// field: body, or [a, b] with each text once: what follows `is invalid: `.
std::string Aggregate(const std::vector<FieldError>& errors);

}  // namespace reprieve::admission
