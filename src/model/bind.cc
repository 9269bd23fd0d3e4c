#include "model/bind.h"

#include "base/text.h"

namespace reprieve::model {

using document::Value;

namespace {

const Value kNothing;

}  // namespace

const Value& Rest::operator[](std::string_view key) const {
  return value_ ? (*value_)[key] : kNothing;
}

const Value::Object& Rest::members() const {
  return value_ ? std::as_const(*value_).members() : std::as_const(kNothing).members();
}

Value& Rest::At(std::string_view key) {
  if (!value_) value_ = std::make_unique<Value>(Value::MakeObject());
  return value_->At(key);
}

bool operator==(const Rest& a, const Rest& b) {
  if (!a.value_ || !b.value_) return a.members().empty() && b.members().empty();
  return *a.value_ == *b.value_;
}

void FromValue(const Value& value, bool& out) {
  out = value.AsBool();
}
void FromValue(const Value& value, std::int32_t& out) {
  out = ParseInt32(value.AsText()).value_or(0);
}
void FromValue(const Value& value, std::int64_t& out) {
  out = value.AsInt();
}
void FromValue(const Value& value, std::string& out) {
  out = value.AsText();
}
void FromValue(const Value& value, SharedString& out) {
  out = value.AsText();
}
void FromValue(const Value& value, Time& out) {
  out = ParseRfc3339(value.AsText()).value_or(Time{});
}
void FromValue(const Value& value, Value& out) {
  out = value;
}

Value ToValue(bool value) {
  return Value::Bool(value);
}
Value ToValue(std::int32_t value) {
  return Value::Int(value);
}
Value ToValue(std::int64_t value) {
  return Value::Int(value);
}
Value ToValue(const std::string& value) {
  return Value::String(value);
}
Value ToValue(const SharedString& value) {
  return Value::String(value.str());
}
Value ToValue(Time value) {
  return Value::String(FormatRfc3339(value));
}
Value ToValue(const Value& value) {
  return value;
}

}  // namespace reprieve::model
