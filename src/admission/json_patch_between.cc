#include "admission/json_patch_between.h"

#include <map>
#include <string>

#include "base/text.h"

namespace reprieve::admission {
namespace {

using document::Value;

// RFC 6901: ~ and / are escaped.
std::string Step(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

void Add(Value& patch, std::string_view op, const std::string& path, const Value* value) {
  Value operation = Value::MakeObject();
  operation.Set("op", Value::String(std::string(op)));
  operation.Set("path", Value::String(path));
  if (value != nullptr) operation.Set("value", *value);
  patch.Append(std::move(operation));
}

void Compare(const Value& before, const Value& after, const std::string& path, Value& patch);

// Of members that are there twice the last counts.
std::map<std::string_view, const Value*> Members(const Value& object) {
  std::map<std::string_view, const Value*> out;
  for (const Value::Member& member : object.members()) out[member.key] = &member.value;
  return out;
}

void CompareObjects(const Value& before, const Value& after, const std::string& path, Value& patch) {
  const auto old = Members(before);
  const auto now = Members(after);
  for (const auto& [key, value] : old) {
    if (!now.contains(key)) Add(patch, "remove", path + Step(key), nullptr);
  }
  for (const auto& [key, value] : now) {
    const auto at = old.find(key);
    if (at == old.end()) {
      Add(patch, "add", path + Step(key), value);
    } else {
      Compare(*at->second, *value, path + Step(key), patch);
    }
  }
}

void Compare(const Value& before, const Value& after, const std::string& path, Value& patch) {
  if (before == after) return;
  if (before.IsObject() && after.IsObject()) return CompareObjects(before, after, path, patch);
  if (before.IsArray() && after.IsArray() && before.size() == after.size()) {
    for (std::size_t i = 0; i < before.size(); ++i) Compare(before[i], after[i], Cat(path, "/", i), patch);
    return;
  }
  Add(patch, "replace", path, &after);
}

}  // namespace

Value JsonPatchBetween(const Value& before, const Value& after) {
  Value patch = Value::MakeArray();
  Compare(before, after, "", patch);
  return patch;
}

}  // namespace reprieve::admission
