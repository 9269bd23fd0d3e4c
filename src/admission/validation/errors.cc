#include "admission/validation/errors.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

FieldPath FieldPath::operator/(std::string_view child) const {
  return FieldPath(text_.empty() ? std::string(child) : Cat(text_, ".", child));
}
FieldPath FieldPath::operator[](std::size_t index) const {
  return FieldPath(Cat(text_, "[", index, "]"));
}
FieldPath FieldPath::Key(std::string_view key) const {
  return FieldPath(Cat(text_, "[", key, "]"));
}

std::string_view ReasonOf(FieldErrorType type) {
  switch (type) {
    case FieldErrorType::kNotFound:
      return "FieldValueNotFound";
    case FieldErrorType::kRequired:
      return "FieldValueRequired";
    case FieldErrorType::kDuplicate:
      return "FieldValueDuplicate";
    case FieldErrorType::kInvalid:
      return "FieldValueInvalid";
    case FieldErrorType::kNotSupported:
      return "FieldValueNotSupported";
    case FieldErrorType::kForbidden:
      return "FieldValueForbidden";
    case FieldErrorType::kTooLong:
      return "FieldValueTooLong";
    case FieldErrorType::kTooMany:
      return "FieldValueTooMany";
    case FieldErrorType::kTypeInvalid:
      return "FieldValueTypeInvalid";
    case FieldErrorType::kInternal:
      return "InternalError";
  }
  return "";
}

std::string Shown(std::string_view text) {
  return Quote(text);
}
std::string Shown(std::int64_t number) {
  return Cat(number);
}
std::string Shown(const Value& value) {
  return value.IsString() ? Quote(value.AsText()) : document::WriteJson(value);
}

std::string DumpMap(const Value& map) {
  if (!map.IsObject()) return "null";
  Value sorted = map;
  std::sort(sorted.members().begin(), sorted.members().end(),
            [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
  return document::WriteJson(sorted);
}

namespace {

std::string WithDetail(std::string body, std::string_view detail) {
  if (!detail.empty()) AppendTo(body, ": ", detail);
  return body;
}

}  // namespace

void FieldErrors::Add(FieldErrorType type, const FieldPath& path, std::string body) {
  list_.push_back({type, path.text(), std::move(body)});
}

void FieldErrors::Required(const FieldPath& path, std::string_view detail) {
  Add(FieldErrorType::kRequired, path, WithDetail("Required value", detail));
}
void FieldErrors::Invalid(const FieldPath& path, std::string_view shown, std::string_view detail) {
  Add(FieldErrorType::kInvalid, path, WithDetail(Cat("Invalid value: ", shown), detail));
}
void FieldErrors::InvalidNoValue(const FieldPath& path, std::string_view detail) {
  Add(FieldErrorType::kInvalid, path, Cat("Invalid value: ", detail));
}
void FieldErrors::NotSupported(const FieldPath& path, std::string_view value,
                               const std::vector<std::string_view>& supported) {
  NotSupportedShown(path, Shown(value), supported);
}
void FieldErrors::NotSupportedShown(const FieldPath& path, std::string_view shown,
                                    const std::vector<std::string_view>& supported) {
  std::string body = Cat("Unsupported value: ", shown);
  std::string_view separator = ": supported values: ";
  for (const auto& text : supported) {
    AppendTo(body, separator, Quote(text));
    separator = ", ";
  }
  Add(FieldErrorType::kNotSupported, path, std::move(body));
}
void FieldErrors::Duplicate(const FieldPath& path, std::string_view shown) {
  Add(FieldErrorType::kDuplicate, path, Cat("Duplicate value: ", shown));
}
void FieldErrors::Forbidden(const FieldPath& path, std::string_view detail) {
  Add(FieldErrorType::kForbidden, path, WithDetail("Forbidden", detail));
}
void FieldErrors::NotFound(const FieldPath& path, std::string_view shown, std::string_view detail) {
  Add(FieldErrorType::kNotFound, path, WithDetail(Cat("Not found: ", shown), detail));
}
void FieldErrors::TooLong(const FieldPath& path, std::int64_t max_bytes) {
  Add(FieldErrorType::kTooLong, path, Cat("Too long: may not be more than ", max_bytes, " bytes"));
}
void FieldErrors::TooMany(const FieldPath& path, std::size_t actual, std::size_t max) {
  Add(FieldErrorType::kTooMany, path, Cat("Too many: ", actual, ": must have at most ", max, " items"));
}

void FieldErrors::TypeInvalid(const FieldPath& path, std::string_view shown, std::string_view detail) {
  Add(FieldErrorType::kTypeInvalid, path, WithDetail(Cat("Invalid value: ", shown), detail));
}
void FieldErrors::Internal(std::string_view detail, const FieldPath& place) {
  list_.push_back({FieldErrorType::kInternal, "<nil>", Cat("Internal error: ", detail), place.text()});
}

void FieldErrors::Append(FieldErrors other) {
  for (auto& error : other.list_) list_.push_back(std::move(error));
}

void FieldErrors::DropRepeated() {
  std::set<std::string> seen;
  std::erase_if(list_, [&](const FieldError& error) { return !seen.insert(error.Text()).second; });
}

std::string Aggregate(const std::vector<FieldError>& errors) {
  std::set<std::string> seen;
  std::vector<std::string> texts;
  for (const auto& error : errors) {
    std::string text = error.Text();
    if (seen.insert(text).second) texts.push_back(std::move(text));
  }
  if (texts.size() == 1) return texts.front();
  return Cat("[", Join(texts, ", "), "]");
}

}  // namespace reprieve::admission
