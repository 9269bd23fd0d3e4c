// Strategic merge patch: objects merge member by member, lists of objects by their merge key, the rest is replaced.
#include <algorithm>
#include <optional>
#include <set>

#include "admission/patch.h"
#include "admission/patch_order.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDelete = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrder = "$setElementOrder/";

using Fault = std::optional<PatchError>;

// As Go prints it: map[a:1 b:x].
std::string GoText(const Value& value) {
  if (value.IsNull()) return "<nil>";
  if (value.IsBool()) return value.AsBool() ? "true" : "false";
  std::vector<std::string> parts;
  if (value.IsArray()) {
    for (const Value& item : value.items()) parts.push_back(GoText(item));
    return Cat("[", Join(parts, " "), "]");
  }
  if (!value.IsObject()) return value.AsText();
  for (const auto& member : value.members()) parts.push_back(Cat(member.key, ":", GoText(member.value)));
  std::sort(parts.begin(), parts.end());
  return Cat("map[", Join(parts, " "), "]");
}

// The same where Go's format wants a string.
std::string GoString(const Value& value) {
  if (value.IsString()) return value.AsText();
  if (value.IsNull()) return "%!s(<nil>)";
  const std::string_view type = value.IsBool() ? "bool" : value.IsNumber() ? "int64" : "";
  return type.empty() ? GoText(value) : Cat("%!s(", type, "=", GoText(value), ")");
}

Fault Failure(std::string message) {
  return PatchError{PatchError::Kind::kDirective, std::move(message)};
}

Fault UnknownDirective(const Value& patch) {
  return Failure(Cat("unknown patch type: ", GoString(patch[kDirective]), " in map: ", GoText(patch)));
}

Fault NoMergeKey(const Value& item, std::string_view key) {
  return Failure(Cat("map: ", GoText(item), " does not contain declared merge key: ", key));
}

bool HasDirective(const Value& value) {
  return value.Find(kDirective) != nullptr;
}

// Of a patch that meets nothing in the target: without nulls, and without objects that hold a directive.
Value WithoutDirectives(const Value& patch) {
  if (patch.IsArray()) {
    Value out = Value::MakeArray();
    for (const Value& item : patch.items()) {
      if (!HasDirective(item)) out.Append(WithoutDirectives(item));
    }
    return out;
  }
  if (!patch.IsObject()) return patch;
  Value out = Value::MakeObject();
  for (const auto& member : patch.members()) {
    if (!member.value.IsNull() && !HasDirective(member.value)) out.Set(member.key, WithoutDirectives(member.value));
  }
  return out;
}

bool SameKind(const Value& a, const Value& b) {
  return a.kind() == b.kind();
}

// Items of two lists that are to be merged must be of one kind.
Fault CheckElements(const Value& target, const Value& patch) {
  const Value* first = target.size() > 0 ? &target[0] : &patch[0];
  for (const Value* list : {&target, &patch}) {
    for (const Value& item : list->items()) {
      if (!SameKind(*first, item) || item.IsNull()) {
        return Failure(Cat("list element types are not identical: [", GoText(target), " ", GoText(patch), "]"));
      }
    }
  }
  if (first->IsArray()) return PatchError{PatchError::Kind::kFailed, "lists of lists are not supported"};
  return std::nullopt;
}

Fault MergeObject(Value& target, const Value& patch, const model::Message* message);

// Keeps the members that `$retainKeys` names. The patch may set no others.
Fault Retain(Value& target, const Value& patch) {
  const Value* keys = patch.Find(kRetainKeys);
  if (keys == nullptr) return std::nullopt;
  std::set<std::string_view> kept;
  for (const Value& key : keys->items()) kept.insert(key.AsText());
  const bool fits = keys->IsArray() && std::all_of(patch.members().begin(), patch.members().end(), [&](const auto& m) {
                      return m.key.starts_with('$') || m.value.IsNull() || kept.contains(m.key);
                    });
  if (!fits) return PatchError{PatchError::Kind::kBadFormat, "invalid patch format of retainKeys"};
  std::erase_if(target.members(), [&](const Value::Member& member) { return !kept.contains(member.key); });
  return std::nullopt;
}

Fault DeleteItems(Value& target, const std::string& list, const Value& unwanted) {
  Value* items = target.Find(list);
  if (items == nullptr) return std::nullopt;
  if (unwanted.IsNull()) {
    target.Remove(list);
    return std::nullopt;
  }
  if (!items->IsArray() || !unwanted.IsArray() || items->size() + unwanted.size() == 0) return std::nullopt;
  if (Fault fault = CheckElements(*items, unwanted)) return fault;
  std::erase_if(items->items(), [&](const Value& item) {
    return std::find(unwanted.items().begin(), unwanted.items().end(), item) != unwanted.items().end();
  });
  return std::nullopt;
}

Fault MergePrimitives(Value& target, const Value& patch, const Value* order) {
  const Value live = target;
  Value merged = Value::MakeArray();
  for (const Value* list : {&live, &patch}) {
    for (const Value& item : list->items()) {
      const auto& items = merged.items();
      if (std::find(items.begin(), items.end(), item) == items.end()) merged.Append(item);
    }
  }
  target = InPatchOrder(std::move(merged), order != nullptr ? *order : patch, live, "");
  return std::nullopt;
}

// One item of the patch: merged into the item of its key, or added unchanged.
Fault MergeItem(Value& list, const Value& item, const model::Field& field) {
  const Value* key = item.Find(field.merge_key);
  if (key == nullptr) return NoMergeKey(item, field.merge_key);
  for (Value& each : list.items()) {
    const Value* other = each.Find(field.merge_key);
    if (other == nullptr) return NoMergeKey(each, field.merge_key);
    if (*other == *key) return MergeObject(each, item, field.type.element->message);
  }
  list.Append(item);
  return std::nullopt;
}

Fault MergeObjects(Value& target, const Value& patch, const Value* order, const model::Field& field) {
  Value plain = Value::MakeArray();
  bool replace = false;
  for (const Value& item : patch.items()) {
    const Value* directive = item.Find(kDirective);
    if (directive == nullptr) {
      plain.Append(item);
    } else if (directive->AsText() == "replace") {
      replace = true;
    } else if (directive->AsText() == "delete") {
      const Value* key = item.Find(field.merge_key);
      if (key == nullptr) return NoMergeKey(item, field.merge_key);
      std::erase_if(target.items(), [&](const Value& each) { return each[field.merge_key] == *key; });
    } else if (directive->AsText() == "merge") {
      return Failure("merging lists cannot yet be specified in the patch");
    } else {
      return UnknownDirective(item);
    }
  }
  if (replace) {
    target = std::move(plain);
    return std::nullopt;
  }
  const Value live = target;
  for (const Value& item : plain.items()) {
    if (Fault fault = MergeItem(target, item, field)) return fault;
  }
  target = InPatchOrder(std::move(target), order != nullptr ? *order : plain, live, field.merge_key);
  return std::nullopt;
}

// Two lists; `order` is what $setElementOrder says of them, if it is there.
Fault MergeLists(Value& target, const Value& patch, const Value* order, const model::Field& field) {
  if (target.size() + patch.size() == 0) return std::nullopt;
  if (Fault fault = CheckElements(target, patch)) return fault;
  const bool objects = (target.size() > 0 ? target[0] : patch[0]).IsObject();
  return objects ? MergeObjects(target, patch, order, field) : MergePrimitives(target, patch, order);
}

// $setElementOrder/NAME: the list's items in that order. The patch's own items must stand in it, in the same order.
Fault CheckOrder(const Value& order, const Value* list, std::string_view merge_key) {
  for (const Value* each : {&order, list}) {
    if (each != nullptr && !each->IsArray()) {
      return Failure(Cat("expected a []interface {}, but received a ", each->IsNull() ? "%!s(<nil>)" : "string"));
    }
  }
  for (std::size_t i = 0; !merge_key.empty() && i < order.size(); ++i) {
    if (!order[i].IsObject()) return Failure(Cat("value for key ", i, " is not a map"));
    if (order[i].Find(merge_key) == nullptr) return NoMergeKey(order[i], merge_key);
  }
  if (list == nullptr) return std::nullopt;
  std::size_t at = 0;
  for (const Value& item : list->items()) {
    if (item[kDirective].AsText() == "delete") continue;
    while (at < order.size() && !IsSameItem(order[at], item, merge_key)) ++at;
    if (at++ < order.size()) continue;
    return Failure(Cat("The order in patch list:\n", GoText(*list), "\n doesn't match $setElementOrder list:\n",
                       GoText(order), "\n"));
  }
  return std::nullopt;
}

Fault SetOrder(Value& target, const std::string& name, const Value& order, const Value& patch,
               const model::Field& field) {
  const Value* list = patch.Find(name);
  if (Fault fault = CheckOrder(order, list, field.merge_key)) return fault;
  Value* live = target.Find(name);
  if (live == nullptr || !live->IsArray()) {
    if (list != nullptr) target.Set(name, WithoutDirectives(*list));
    return std::nullopt;
  }
  return MergeLists(*live, list != nullptr ? *list : Value::MakeArray(), &order, field);
}

Fault MergeMember(Value& target, const Value::Member& member, const model::Field* field) {
  if (member.value.IsNull()) {
    target.Remove(member.key);
    return std::nullopt;
  }
  Value* live = target.Find(member.key);
  if (live == nullptr || !SameKind(*live, member.value)) {
    if (HasDirective(member.value)) {
      target.Remove(member.key);
    } else {
      target.Set(member.key, WithoutDirectives(member.value));
    }
    return std::nullopt;
  }
  if (live->IsObject()) {
    const bool message = field != nullptr && field->type.shape == model::Shape::kMessage;
    return MergeObject(*live, member.value, message ? field->type.message : nullptr);
  }
  if (live->IsArray() && field != nullptr && field->patch_merge) {
    return MergeLists(*live, member.value, nullptr, *field);
  }
  *live = member.value;
  return std::nullopt;
}

// REQUIRES: both are objects.
Fault MergeObject(Value& target, const Value& patch, const model::Message* message) {
  if (HasDirective(patch)) {
    const std::string& directive = patch[kDirective].AsText();
    if (directive != "replace" && directive != "delete") return UnknownDirective(patch);
    target = directive == "replace" ? patch : Value::MakeObject();
    target.Remove(kDirective);
    return std::nullopt;
  }
  if (Fault fault = Retain(target, patch)) return fault;
  std::set<std::string_view> ordered;  // lists that are merged already
  for (const auto& member : patch.members()) {
    if (!member.key.starts_with(kOrder)) continue;
    const std::string name = member.key.substr(kOrder.size());
    const model::Field* field = message != nullptr ? message->Find(name) : nullptr;
    if (field == nullptr || !field->patch_merge) continue;
    if (Fault fault = SetOrder(target, name, member.value, patch, *field)) return fault;
    ordered.insert(std::string_view(member.key).substr(kOrder.size()));
  }
  for (const auto& member : patch.members()) {
    Fault fault;
    if (member.key.starts_with(kDelete)) {
      fault = DeleteItems(target, member.key.substr(kDelete.size()), member.value);
    } else if (member.key != kRetainKeys && !member.key.starts_with(kOrder) && !ordered.contains(member.key)) {
      fault = MergeMember(target, member, message != nullptr ? message->Find(member.key) : nullptr);
    }
    if (fault) return fault;
  }
  return std::nullopt;
}

}  // namespace

std::variant<Value, PatchError> StrategicMergePatch(const Value& target, const Value& patch,
                                                    const model::Message& message) {
  if (!patch.IsObject()) {
    return PatchError{PatchError::Kind::kMalformed, Cat("json: cannot unmarshal ", patch.IsArray() ? "array" : "string",
                                                        " into Go value of type map[string]interface {}")};
  }
  Value out = target.IsObject() ? target : Value::MakeObject();
  if (Fault fault = MergeObject(out, patch, &message)) return std::move(*fault);
  return out;
}

}  // namespace reprieve::admission
