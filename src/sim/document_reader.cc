#include "sim/document_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/text.h"

namespace reprieve::sim {
namespace {

using document::Mark;
using document::Value;

std::string FieldOf(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : Cat(path, ".", name);
}

// As people write it: 0.25, 20, 1e3.
std::string ShowNumber(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

void DocumentReader::Fail(Mark mark, std::string path, std::string message, std::string advice) {
  errors_.push_back({mark, std::move(path), std::move(message), std::move(advice)});
}

bool DocumentReader::IsObject(const Value& value, const std::string& path,
                              std::initializer_list<std::string_view> fields) {
  if (!value.IsObject()) {
    Fail(value.mark(), path, "expected fields, such as \"name: value\"");
    return false;
  }
  std::set<std::string_view> seen;
  for (const Value::Member& member : value.members()) {
    const std::string field = FieldOf(path, member.key);
    if (!seen.insert(member.key).second) Fail(member.mark, field, "is there twice; the last one would count");
    if (std::find(fields.begin(), fields.end(), member.key) != fields.end()) continue;
    const std::string_view near = NearestWord(member.key, fields);
    Fail(member.mark, field, Cat("is no field here; expected one of ", Join({fields.begin(), fields.end()}, ", ")),
         near.empty() ? std::string() : Cat("Did you mean ", near, "?"));
  }
  return true;
}

bool DocumentReader::IsArray(const Value& value, const std::string& path, std::string_view of) {
  if (value.IsArray()) return true;
  Fail(value.mark(), path, Cat("expected a list of ", of));
  return false;
}

std::string DocumentReader::Text(const Value& value, const std::string& path, std::string_view expected) {
  if ((value.IsString() || value.IsNumber()) && !value.AsText().empty()) return value.AsText();
  Fail(value.mark(), path, Cat("expected ", expected));
  return {};
}

std::optional<Nanoseconds> DocumentReader::Duration(const Value& value, const std::string& path) {
  const auto read = value.IsString() ? ParseDuration(value.AsText()) : std::nullopt;
  if (read && *read >= Nanoseconds(0)) return read;
  Fail(value.mark(), path, "expected a duration, such as 10s, 1m30s or 2h");
  return std::nullopt;
}

std::optional<double> DocumentReader::Number(const Value& value, const std::string& path, double least, double most) {
  const std::string& text = value.AsText();
  char* end = nullptr;
  const double number = value.IsNumber() ? std::strtod(text.c_str(), &end) : std::nan("");
  if (end == text.c_str() + text.size() && number >= least && number <= most) return number;
  Fail(value.mark(), path, Cat("expected a number from ", ShowNumber(least), " to ", ShowNumber(most)));
  return std::nullopt;
}

std::optional<std::int64_t> DocumentReader::Count(const Value& value, const std::string& path, std::int64_t least,
                                                  std::int64_t most) {
  const auto number = value.IsNumber() ? ParseInt64(value.AsText()) : std::nullopt;
  if (number && *number >= least && *number <= most) return number;
  Fail(value.mark(), path, Cat("expected a whole number from ", least, " to ", most));
  return std::nullopt;
}

void DocumentReader::Read(const Value& object, std::string_view name, const std::string& path, Nanoseconds& out) {
  if (const Value* value = object.Find(name)) out = Duration(*value, FieldOf(path, name)).value_or(out);
}

void DocumentReader::Read(const Value& object, std::string_view name, const std::string& path, double least,
                          double most, double& out) {
  if (const Value* value = object.Find(name)) out = Number(*value, FieldOf(path, name), least, most).value_or(out);
}

void DocumentReader::Read(const Value& object, std::string_view name, const std::string& path, std::int64_t least,
                          std::int64_t most, std::int32_t& out) {
  const Value* value = object.Find(name);
  if (value == nullptr) return;
  out = static_cast<std::int32_t>(Count(*value, FieldOf(path, name), least, most).value_or(out));
}

}  // namespace reprieve::sim
