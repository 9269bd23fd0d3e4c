#include <algorithm>
#include <set>

#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDelete = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrder = "$setElementOrder/";

// A map as Go prints it: map[a:1 b:x].
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

// A patch without the nulls and directives that had nothing to act on.
Value Cleaned(const Value& patch) {
  if (patch.IsArray()) {
    Value out = Value::MakeArray();
    for (const Value& item : patch.items()) {
      if (item.IsObject() && item[kDirective].AsText() == "delete") continue;
      out.Append(Cleaned(item));
    }
    return out;
  }
  if (!patch.IsObject()) return patch;
  Value out = Value::MakeObject();
  for (const auto& member : patch.members()) {
    if (member.value.IsNull() || member.key.starts_with('$')) continue;
    out.Set(member.key, Cleaned(member.value));
  }
  return out;
}

class Merger {
 public:
  // False: error() says why.
  bool Object(Value& target, const Value& patch, const model::Message* message) {
    const std::string& directive = patch[kDirective].AsText();
    if (patch.Find(kDirective) != nullptr) {
      if (directive == "replace") return target = Cleaned(patch), true;
      if (directive == "delete") return target = Value::MakeObject(), true;
      if (directive != "merge") return Unknown(patch[kDirective], patch);
    }
    if (!target.IsObject()) target = Value::MakeObject();
    if (const Value* keys = patch.Find(kRetainKeys)) Retain(target, *keys);
    for (const auto& member : patch.members()) {
      if (member.key == kDirective || member.key == kRetainKeys || member.key.starts_with(kOrder)) continue;
      if (member.key.starts_with(kDelete)) {
        DeleteItems(target, member.key.substr(kDelete.size()), member.value);
        continue;
      }
      if (!Member(target, member, patch, message)) return false;
    }
    return true;
  }

  PatchError error;

 private:
  bool Unknown(const Value& directive, const Value& patch) {
    error = {PatchError::Kind::kDirective, Cat("unknown patch type: ", GoText(directive), " in map: ", GoText(patch))};
    return false;
  }

  static void Retain(Value& target, const Value& keys) {
    std::set<std::string> kept;
    for (const Value& key : keys.items()) kept.insert(key.AsText());
    std::erase_if(target.members(), [&](const Value::Member& member) { return !kept.contains(member.key); });
  }

  static void DeleteItems(Value& target, const std::string& list, const Value& doomed) {
    Value* items = target.Find(list);
    if (items == nullptr || !items->IsArray()) return;
    std::erase_if(items->items(), [&](const Value& item) {
      return std::find(doomed.items().begin(), doomed.items().end(), item) != doomed.items().end();
    });
  }

  bool Member(Value& target, const Value::Member& member, const Value& patch, const model::Message* message) {
    const model::Field* field = message != nullptr ? message->Find(member.key) : nullptr;
    if (member.value.IsNull()) return target.Remove(member.key), true;
    if (member.value.IsObject()) {
      const model::Message* inner =
          field != nullptr && field->type.shape == model::Shape::kMessage ? field->type.message : nullptr;
      Value& slot = target.At(member.key);
      if (!slot.IsObject()) {
        if (member.value[kDirective].AsText() == "delete") return target.Remove(member.key), true;
        slot = Value::MakeObject();
      }
      return Object(slot, member.value, inner);
    }
    if (member.value.IsArray() && field != nullptr && field->patch_merge) {
      Value& slot = target.At(member.key);
      if (!slot.IsArray()) slot = Value::MakeArray();
      const bool objects = field->type.element != nullptr && field->type.element->shape == model::Shape::kMessage;
      const bool merged = objects ? ObjectList(slot, member.value, *field) : PrimitiveList(slot, member.value);
      if (merged) Reorder(slot, patch[Cat(kOrder, member.key)], objects ? field->merge_key : "");
      return merged;
    }
    target.Set(member.key, Cleaned(member.value));
    return true;
  }

  static bool PrimitiveList(Value& target, const Value& patch) {
    for (const Value& item : patch.items()) {
      const auto& items = target.items();
      if (std::find(items.begin(), items.end(), item) == items.end()) target.Append(item);
    }
    return true;
  }

  bool ObjectList(Value& target, const Value& patch, const model::Field& field) {
    for (const Value& item : patch.items()) {
      if (item.IsObject() && item[kDirective].AsText() == "replace" && item.size() == 1) {
        target.items().clear();
        for (const Value& each : patch.items()) {
          if (each.Find(kDirective) == nullptr) target.Append(Cleaned(each));
        }
        return true;
      }
    }
    for (const Value& item : patch.items()) {
      const Value* key = item.Find(field.merge_key);
      if (key == nullptr) {
        error = {PatchError::Kind::kDirective,
                 Cat("map: ", GoText(item), " does not contain declared merge key: ", field.merge_key)};
        return false;
      }
      const auto same = [&](const Value& each) { return each[field.merge_key] == *key; };
      if (item[kDirective].AsText() == "delete") {
        std::erase_if(target.items(), same);
        continue;
      }
      const auto found = std::find_if(target.items().begin(), target.items().end(), same);
      if (found != target.items().end()) {
        if (!Object(*found, item, field.type.element->message)) return false;
        continue;
      }
      Value added = Value::MakeObject();
      if (!Object(added, item, field.type.element->message)) return false;
      target.Append(std::move(added));
    }
    return true;
  }

  // The listed items stand in the order of the list; others stay behind the item that they stood behind.
  static void Reorder(Value& list, const Value& order, std::string_view merge_key) {
    if (!order.IsArray()) return;
    const auto rank = [&](const Value& item) -> std::optional<std::size_t> {
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (merge_key.empty() ? order[i] == item : order[i][merge_key] == item[merge_key]) return i;
      }
      return std::nullopt;
    };
    struct Group {
      std::size_t rank = 0;
      std::vector<Value> items;
    };
    std::vector<Group> groups(1);
    for (Value& item : list.items()) {
      if (const auto listed = rank(item)) groups.push_back({*listed + 1, {}});
      groups.back().items.push_back(std::move(item));
    }
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.rank < b.rank; });
    list.items().clear();
    for (auto& group : groups) {
      for (Value& item : group.items) list.Append(std::move(item));
    }
  }
};

}  // namespace

std::variant<Value, PatchError> StrategicMergePatch(const Value& target, const Value& patch,
                                                    const model::Message& message) {
  if (!patch.IsObject()) {
    return PatchError{PatchError::Kind::kMalformed, Cat("json: cannot unmarshal ", patch.IsArray() ? "array" : "string",
                                                        " into Go value of type map[string]interface {}")};
  }
  Value out = target;
  Merger merger;
  if (!merger.Object(out, patch, &message)) return merger.error;
  return out;
}

}  // namespace reprieve::admission
