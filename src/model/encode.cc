// The other way: from the held object to what the store keeps and what the server prints.
#include <algorithm>
#include <optional>

#include "document/json.h"
#include "model/decode.h"

namespace reprieve::model {

using document::Value;

namespace {

bool ByKey(const Value::Member& a, const Value::Member& b) {
  return a.key < b.key;
}

std::optional<Value> StoredOf(const Value& held, const Type& type);

Value StoredMessage(const Value& held, const Message& message) {
  Value out = Value::MakeObject();
  out.set_mark(held.mark());
  for (const Value::Member& member : held.members()) {
    const Field* field = message.Find(member.key);
    if (field == nullptr || member.value.IsNull()) continue;
    if (auto kept = StoredOf(member.value, field->type)) {
      out.members().push_back({member.key, std::move(*kept), member.mark});
    }
  }
  return out;
}

// Nothing: a zero that a reader of the store can't tell from absence.
std::optional<Value> StoredOf(const Value& held, const Type& type) {
  switch (type.shape) {
    case Shape::kMessage: {
      Value out = StoredMessage(held, *type.message);
      if (!type.pointer && out.size() == 0) return std::nullopt;
      return out;
    }
    case Shape::kList: {
      if (held.size() == 0) return std::nullopt;
      if (type.element->shape != Shape::kMessage) return held;
      Value out = Value::MakeArray();
      out.set_mark(held.mark());
      for (const Value& item : held.items()) out.items().push_back(StoredMessage(item, *type.element->message));
      return out;
    }
    case Shape::kMap:
      if (held.size() == 0) return std::nullopt;
      return held;
    case Shape::kQuantity:
      if (!type.pointer && held.AsText() == "0") return std::nullopt;
      return held;
    case Shape::kString:
    case Shape::kBool:
    case Shape::kInt32:
    case Shape::kInt64:
    case Shape::kBytes:
    case Shape::kIntOrString:
    case Shape::kTime:
    case Shape::kMicroTime:
      // The text "" of an IntOrString is not its zero, the number 0.
      if (!type.pointer && held.IsEmpty() && !(type.shape == Shape::kIntOrString && held.IsString())) {
        return std::nullopt;
      }
      return held;
    case Shape::kRaw:
      return held;
  }
  return held;
}

// Prints by the names of JSON (omitempty and all), or by those of Go (every field).
class Printer {
 public:
  explicit Printer(bool go_names) : go_names_(go_names) {}

  Value Message(const Value& held, const model::Message& message) const {
    Value out = Value::MakeObject();
    out.set_mark(held.mark());
    for (const Field& field : message.fields) {
      const Value* value = held.Find(field.name);
      if (value != nullptr && value->IsNull()) value = nullptr;
      if (!go_names_ && LeftOut(value, field)) continue;
      // Go embeds ObjectMeta without a name, and it has names of its own.
      if (go_names_ && field.name == "metadata") {
        const Value inner = Printer(false).Message(value != nullptr ? *value : Value(), *field.type.message);
        for (const auto& member : inner.members()) out.members().push_back(member);
        continue;
      }
      out.members().push_back({go_names_ ? field.go_name : field.name, Slot(value, field.type), {}});
    }
    return out;
  }

 private:
  static bool LeftOut(const Value* value, const Field& field) {
    if (value == nullptr) {
      const bool structure =
          !field.type.pointer && (field.type.shape == Shape::kMessage || field.type.shape == Shape::kTime ||
                                  field.type.shape == Shape::kMicroTime || field.type.shape == Shape::kQuantity ||
                                  field.type.shape == Shape::kIntOrString);
      return (field.omitempty && !structure) || field.omitzero;
    }
    if (!field.omitempty || field.type.pointer) return false;
    switch (field.type.shape) {
      case Shape::kString:
      case Shape::kBool:
      case Shape::kInt32:
      case Shape::kInt64:
      case Shape::kBytes:
      case Shape::kList:
      case Shape::kMap:
        return value->IsEmpty();
      case Shape::kQuantity:
      case Shape::kIntOrString:
      case Shape::kTime:
      case Shape::kMicroTime:
      case Shape::kRaw:
      case Shape::kMessage:
        return false;
    }
    return false;
  }

  Value Slot(const Value* value, const Type& type) const {
    if (value == nullptr) return Absent(type);
    switch (type.shape) {
      case Shape::kMessage:
        return Message(*value, *type.message);
      case Shape::kList: {
        Value out = Value::MakeArray();
        out.items().reserve(value->size());
        for (const Value& item : value->items()) out.items().push_back(Slot(&item, *type.element));
        return out;
      }
      case Shape::kMap: {
        Value out = Value::MakeObject();
        for (const auto& member : value->members()) {
          out.members().push_back({member.key, Slot(&member.value, *type.element), {}});
        }
        std::sort(out.members().begin(), out.members().end(), ByKey);
        return out;
      }
      case Shape::kString:
      case Shape::kBool:
      case Shape::kInt32:
      case Shape::kInt64:
      case Shape::kBytes:
      case Shape::kQuantity:
      case Shape::kIntOrString:
      case Shape::kTime:
      case Shape::kMicroTime:
      case Shape::kRaw:
        break;
    }
    return *value;
  }

  Value Absent(const Type& type) const {
    if (type.pointer) return {};
    switch (type.shape) {
      case Shape::kString:
        return Value::String("");
      case Shape::kBool:
        return Value::Bool(false);
      case Shape::kInt32:
      case Shape::kInt64:
      case Shape::kIntOrString:
        return Value::Int(0);
      case Shape::kQuantity:
        return Value::String("0");
      case Shape::kMessage:
        return Message(Value(), *type.message);
      case Shape::kBytes:
      case Shape::kTime:
      case Shape::kMicroTime:
      case Shape::kRaw:
      case Shape::kList:
      case Shape::kMap:
        break;
    }
    return {};
  }

  bool go_names_;
};

}  // namespace

Value Stored(const Value& held, const Message& message) {
  return StoredMessage(held, message);
}

Value Printed(const Value& held, const Message& message) {
  return Printer(false).Message(held, message);
}

std::string Dump(const Value* held, const Message& message) {
  if (held == nullptr || held->IsNull()) return "null";
  return document::WriteJson(Printer(true).Message(*held, message));
}

std::string DumpPrinted(const Value* held, const Message& message) {
  if (held == nullptr || held->IsNull()) return "null";
  return document::WriteJson(Printer(false).Message(*held, message));
}

}  // namespace reprieve::model
