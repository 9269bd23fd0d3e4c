#include "admission/patch.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::size_t kMaxOperations = 10000;

// RFC 6901: a path cut into its tokens, ~1 and ~0 taken back.
std::optional<std::vector<std::string>> Tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  if (pointer.empty()) return tokens;
  if (pointer.front() != '/') return std::nullopt;
  for (const std::string_view piece : Split(pointer.substr(1), '/')) {
    std::string token;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const bool escape = piece[i] == '~' && i + 1 < piece.size() && (piece[i + 1] == '0' || piece[i + 1] == '1');
      token += escape ? (piece[i + 1] == '1' ? '/' : '~') : piece[i];
      if (escape) ++i;
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

std::optional<std::size_t> Index(std::string_view token, std::size_t below) {
  const auto number = ParseInt64(token);
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) >= below) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

Value* Step(Value& parent, const std::string& token) {
  if (parent.IsObject()) return parent.Find(token);
  if (!parent.IsArray()) return nullptr;
  const auto index = Index(token, parent.size());
  return index ? &parent.items()[*index] : nullptr;
}

Value* Resolve(Value& root, const std::vector<std::string>& tokens, std::size_t count) {
  Value* at = &root;
  for (std::size_t i = 0; i < count && at != nullptr; ++i) at = Step(*at, tokens[i]);
  return at;
}

bool AddAt(Value& root, const std::vector<std::string>& tokens, Value value) {
  if (tokens.empty()) return root = std::move(value), true;
  Value* parent = Resolve(root, tokens, tokens.size() - 1);
  if (parent == nullptr) return false;
  const std::string& last = tokens.back();
  if (parent->IsObject()) return parent->Set(last, std::move(value)), true;
  if (!parent->IsArray()) return false;
  auto& items = parent->items();
  if (last == "-") return items.push_back(std::move(value)), true;
  const auto index = Index(last, items.size() + 1);
  if (!index) return false;
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool RemoveAt(Value& root, const std::vector<std::string>& tokens) {
  if (tokens.empty()) return false;
  Value* parent = Resolve(root, tokens, tokens.size() - 1);
  if (parent == nullptr) return false;
  if (parent->IsObject()) return parent->Remove(tokens.back());
  if (!parent->IsArray()) return false;
  const auto index = Index(tokens.back(), parent->size());
  if (!index) return false;
  parent->items().erase(parent->items().begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

bool IsPrefix(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.size() < b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// One operation of RFC 6902; false if it can't be carried out.
bool Operate(Value& root, const Value& operation) {
  const std::string& op = operation["op"].AsText();
  const auto path = Tokens(operation["path"].AsText());
  if (!path || !operation["path"].IsString()) return false;
  if (op == "add") return operation.Find("value") != nullptr && AddAt(root, *path, operation["value"]);
  if (op == "remove") return RemoveAt(root, *path);
  if (op == "replace" || op == "test") {
    Value* target = Resolve(root, *path, path->size());
    if (op == "test") return (target != nullptr ? *target : Value()) == operation["value"];
    if (target == nullptr || operation.Find("value") == nullptr) return false;
    *target = operation["value"];
    return true;
  }
  if (op != "move" && op != "copy") return false;
  const auto from = Tokens(operation["from"].AsText());
  if (!from || !operation["from"].IsString()) return false;
  const Value* source = Resolve(root, *from, from->size());
  if (source == nullptr) return false;
  Value value = *source;
  if (op == "move" && (IsPrefix(*from, *path) || !RemoveAt(root, *from))) return false;
  return AddAt(root, *path, std::move(value));
}

}  // namespace

Value MergePatch(const Value& target, const Value& patch) {
  if (!patch.IsObject()) return patch;
  Value out = target.IsObject() ? target : Value::MakeObject();
  for (const auto& member : patch.members()) {
    if (member.value.IsNull()) {
      out.Remove(member.key);
    } else {
      const Value* before = out.Find(member.key);
      out.Set(member.key, MergePatch(before != nullptr ? *before : Value(), member.value));
    }
  }
  // The server merges maps, which come out in the order of their keys: so do the errors of what is decoded after.
  std::stable_sort(out.members().begin(), out.members().end(),
                   [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
  return out;
}

std::variant<Value, PatchError> JsonPatch(const Value& target, const Value& patch) {
  using Kind = PatchError::Kind;
  const auto name = [](const Value& value) {
    return value.IsObject() ? "object" : value.IsString() ? "string" : value.IsBool() ? "bool" : "number";
  };
  if (!patch.IsArray() && !patch.IsNull()) {
    return PatchError{Kind::kMalformed,
                      Cat("json: cannot unmarshal ", name(patch), " into Go value of type []handlers.jsonPatchOp")};
  }
  if (patch.size() > kMaxOperations) {
    return PatchError{Kind::kFailed, Cat("The allowed maximum operations in a JSON patch is ", kMaxOperations, ", got ",
                                         patch.size())};
  }
  Value out = target;
  for (const Value& operation : patch.items()) {
    if (!operation.IsObject() && !operation.IsNull()) {
      return PatchError{Kind::kMalformed,
                        Cat("json: cannot unmarshal ", operation.IsArray() ? "array" : name(operation),
                            " into Go value of type handlers.jsonPatchOp")};
    }
    if (!Operate(out, operation)) {
      return PatchError{Kind::kFailed, "the server rejected our request due to an error in our request"};
    }
  }
  return out;
}

}  // namespace reprieve::admission
