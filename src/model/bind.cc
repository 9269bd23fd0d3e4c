#include "model/bind.h"

#include "base/text.h"

namespace reprieve::model {

void FromValue(const Value& value, bool& out) { out = value.AsBool(); }
void FromValue(const Value& value, std::int32_t& out) { out = ParseInt32(value.AsText()).value_or(0); }
void FromValue(const Value& value, std::int64_t& out) { out = value.AsInt(); }
void FromValue(const Value& value, std::string& out) { out = value.AsText(); }
void FromValue(const Value& value, Time& out) { out = ParseRfc3339(value.AsText()).value_or(Time{}); }
void FromValue(const Value& value, Value& out) { out = value; }

Value ToValue(bool value) { return Value::Bool(value); }
Value ToValue(std::int32_t value) { return Value::Int(value); }
Value ToValue(std::int64_t value) { return Value::Int(value); }
Value ToValue(const std::string& value) { return Value::String(value); }
Value ToValue(Time value) { return Value::String(FormatRfc3339(value)); }
Value ToValue(const Value& value) { return value; }

}  // namespace reprieve::model
