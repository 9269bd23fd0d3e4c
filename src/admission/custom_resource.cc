#include "admission/custom_resource.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "admission/definition_rules.h"
#include "base/pattern.h"
#include "base/text.h"
#include "document/json.h"
#include "model/gotime.h"

namespace reprieve::admission {

using document::Value;

namespace {

// Takes out what the schema doesn't know, and nulls of what it does. A value of another shape than the schema's has no
// known members: the server prunes it first, and only then says that its type is wrong.
class Pruner {
 public:
  Pruner(const model::FateOf& types, std::vector<model::FieldIssue>& issues) : types_(types), issues_(issues) {}

  void Root(Value& object, const model::Message& message) {
    Members(object, "", [&](Value::Member& member, const std::string& path) {
      const model::Field* field = message.Find(member.key);
      if (field == nullptr) return Unknown(member, path);
      if (member.key == "metadata") return true;  // decoded before
      if (member.value.IsNull()) return false;
      Inside(member.value, &field->type, path);
      return true;
    });
  }

 private:
  // Null pointer: nothing is known here.
  void Inside(Value& value, const model::Type* type, const std::string& path) {
    if (type != nullptr && type->shape == model::Shape::kRaw) return;
    if (value.IsArray()) {
      const bool list = type != nullptr && type->shape == model::Shape::kList;
      for (std::size_t i = 0; i < value.size(); ++i) {
        Inside(value.items()[i], list ? type->element : nullptr, Cat(path, "[", i, "]"));
      }
    }
    if (!value.IsObject()) return;
    Members(value, path, [&](Value::Member& member, const std::string& at) {
      const model::Type* inner = TypeOf(type, member.key);
      if (inner == nullptr) return Unknown(member, at);
      if (member.value.IsNull()) return false;
      Inside(member.value, inner, at);
      return true;
    });
  }

  const model::Type* TypeOf(const model::Type* type, std::string_view key) const {
    if (type == nullptr) return nullptr;
    if (type->shape == model::Shape::kMap) return type->element;
    if (type->shape != model::Shape::kMessage) return nullptr;
    const model::Message& message = InDefinition(*type->message);
    const model::Field* field = message.Find(key);
    const bool known = field != nullptr && types_(message, *field) != model::FieldFate::kUnknown;
    return known ? &field->type : nullptr;
  }

  bool Unknown(const Value::Member& member, const std::string& path) {
    issues_.push_back({model::FieldIssue::Kind::kUnknown, path, member.mark});
    return false;
  }

  // Keeps the members of which `keep` says so.
  template <class Keep>
  void Members(Value& object, const std::string& path, Keep keep) {
    Value::Object kept;
    for (Value::Member& member : object.members()) {
      if (keep(member, path.empty() ? member.key : Cat(path, ".", member.key))) kept.push_back(std::move(member));
    }
    object.members() = std::move(kept);
  }

  const model::FateOf& types_;
  std::vector<model::FieldIssue>& issues_;
};

void FindRepeated(const Value& value, const std::string& path, std::vector<model::FieldIssue>& issues) {
  for (std::size_t i = 0; value.IsArray() && i < value.size(); ++i)
    FindRepeated(value[i], Cat(path, "[", i, "]"), issues);
  if (!value.IsObject()) return;
  std::set<std::string_view> seen;
  for (const Value::Member& member : value.members()) {
    const std::string at = path.empty() ? member.key : Cat(path, ".", member.key);
    if (!seen.insert(member.key).second) issues.push_back({model::FieldIssue::Kind::kDuplicate, at, member.mark});
    FindRepeated(member.value, at, issues);
  }
}

void DefaultValue(Value& value, const model::Type& type);

void DefaultMessage(Value& object, const model::Message& message) {
  for (const model::Field& field : message.fields) {
    if (IsRoot(message) && field.name == "metadata") continue;
    const DefinitionRule* rule = FindDefinitionRule(message, field.name);
    if (rule != nullptr && !rule->default_json.empty() && object[field.name].IsNull()) {
      object.Set(field.name, *document::ParseJson(rule->default_json));
    }
    if (Value* member = object.Find(field.name)) DefaultValue(*member, field.type);
  }
}

void DefaultValue(Value& value, const model::Type& type) {
  if (type.shape == model::Shape::kMessage && value.IsObject()) DefaultMessage(value, InDefinition(*type.message));
  if (type.shape == model::Shape::kList && value.IsArray()) {
    for (Value& item : value.items()) DefaultValue(item, *type.element);
  }
  if (type.shape == model::Shape::kMap && value.IsObject()) {
    for (Value::Member& member : value.members()) DefaultValue(member.value, *type.element);
  }
}

// The names of JSON types in the validator's words.
std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return "boolean";
    case Value::Kind::kString:
      return "string";
    case Value::Kind::kArray:
      return "array";
    case Value::Kind::kObject:
      return "object";
    case Value::Kind::kNumber:
      break;
  }
  return value.AsText().find_first_of(".eE") == std::string::npos ? "integer" : "number";
}

std::string_view WantedType(model::Shape shape) {
  switch (shape) {
    case model::Shape::kBool:
      return "boolean";
    case model::Shape::kInt32:
    case model::Shape::kInt64:
      return "integer";
    case model::Shape::kList:
      return "array";
    case model::Shape::kMap:
    case model::Shape::kMessage:
      return "object";
    case model::Shape::kQuantity:
    case model::Shape::kIntOrString:
    case model::Shape::kRaw:
      return "";
    case model::Shape::kString:
    case model::Shape::kBytes:
    case model::Shape::kTime:
    case model::Shape::kMicroTime:
      return "string";
  }
  return "";
}

class Validator {
 public:
  Validator(const FieldPath& base, FieldErrors& errors) : base_(base), errors_(errors) {}

  void Message(const Value& object, const model::Message& message, const std::string& name) {
    std::vector<std::string_view> names;
    for (const model::Field& field : message.fields) names.push_back(field.name);
    std::sort(names.begin(), names.end());
    for (const std::string_view field_name : names) {
      const model::Field& field = *message.Find(field_name);
      if (IsRoot(message) && (field.name == "metadata" || field.name == "apiVersion" || field.name == "kind")) continue;
      const std::string at = name.empty() ? field.name : Cat(name, ".", field.name);
      const Value* value = object.Find(field.name);
      const DefinitionRule* rule = FindDefinitionRule(message, field.name);
      if (value == nullptr) {
        if (IsRequired(field, rule)) errors_.Required(Path(at));
        continue;
      }
      Field_(*value, field.type, rule, at);
    }
  }

 private:
  void Field_(const Value& value, const model::Type& type, const DefinitionRule* rule, const std::string& name) {
    if (!HasType(value, type, name)) return;
    if (rule != nullptr) Bounds(value, *rule, name);
    switch (type.shape) {
      case model::Shape::kMessage:
        return Message(value, InDefinition(*type.message), name);
      case model::Shape::kList:
        for (std::size_t i = 0; i < value.size(); ++i) Field_(value[i], *type.element, nullptr, Cat(name, "[", i, "]"));
        return;
      case model::Shape::kMap:
        for (const Value::Member& member : value.members()) {
          Field_(member.value, *type.element, nullptr, Cat(name, ".", member.key));
        }
        return;
      case model::Shape::kInt32:
        // The format is checked where the whole is: its error has no field of its own.
        if (!ParseInt32(value.AsText())) {
          errors_.Invalid(base_.text().empty() ? FieldPath("<nil>") : base_, "\"\"",
                          Cat("Checked value must be of type integer with format int32 in ", name));
        }
        return;
      case model::Shape::kString:
      case model::Shape::kBool:
      case model::Shape::kInt64:
      case model::Shape::kBytes:
      case model::Shape::kQuantity:
      case model::Shape::kIntOrString:
      case model::Shape::kTime:
      case model::Shape::kMicroTime:
      case model::Shape::kRaw:
        return;
    }
  }

  bool HasType(const Value& value, const model::Type& type, const std::string& name) {
    const std::string_view wanted = WantedType(type.shape);
    const std::string_view got = TypeName(value);
    if (type.shape == model::Shape::kQuantity || type.shape == model::Shape::kIntOrString) {
      if (got == "string" || got == "integer") return true;
      errors_.TypeInvalid(Path(name), Quote(got), Cat(name, " in body must be of type integer,string: ", Quote(got)));
      return false;
    }
    if (!wanted.empty() && wanted != got) {
      errors_.TypeInvalid(Path(name), Quote(got), Cat(name, " in body must be of type ", wanted, ": ", Quote(got)));
      return false;
    }
    if (type.shape == model::Shape::kTime && !model::ParseGoTime(value.AsText(), false).ok()) {
      errors_.TypeInvalid(Path(name), Quote(value.AsText()),
                          Cat(name, " in body must be of type date-time: ", Quote(value.AsText())));
      return false;
    }
    return true;
  }

  void Bounds(const Value& value, const DefinitionRule& rule, const std::string& name) {
    if (!rule.words[0].empty()) {
      std::vector<std::string_view> words;
      for (const std::string_view word : rule.words) {
        if (!word.empty()) words.push_back(word);
      }
      if (std::find(words.begin(), words.end(), value.AsText()) == words.end()) {
        errors_.NotSupported(Path(name), value.AsText(), words);
      }
    }
    if (rule.minimum && value.AsInt() < *rule.minimum) {
      errors_.Invalid(Path(name), Shown(value),
                      Cat(name, " in body should be greater than or equal to ", *rule.minimum));
    }
    if (rule.max_items > 0 && value.size() > rule.max_items) errors_.TooMany(Path(name), value.size(), rule.max_items);
    if (value.IsString()) Text(value.AsText(), rule, name);
  }

  // The first that is wrong.
  void Text(const std::string& text, const DefinitionRule& rule, const std::string& name) {
    if (rule.max_length > 0 && text.size() > rule.max_length) {
      errors_.TooLong(Path(name), static_cast<std::int64_t>(rule.max_length));
    } else if (text.size() < rule.min_length) {
      errors_.Invalid(Path(name), Shown(text),
                      Cat(name, " in body should be at least ", rule.min_length, " chars long"));
    } else if (!rule.pattern.empty() && !Pattern(rule.pattern).FoundIn(text)) {
      errors_.Invalid(Path(name), Shown(text), Cat(name, " in body should match '", rule.pattern, "'"));
    }
  }

  FieldPath Path(const std::string& name) const { return base_ / name; }

  const FieldPath& base_;
  FieldErrors& errors_;
};

// Repeated keys of lists that are maps, repeated items of lists that are sets.
class Repetitions {
 public:
  Repetitions(const FieldPath& base, FieldErrors& errors) : base_(base), errors_(errors) {}

  void Message(const Value& object, const model::Message& message, const std::string& name) {
    std::vector<const model::Field*> fields;
    for (const model::Field& field : message.fields) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(),
              [](const model::Field* a, const model::Field* b) { return a->name < b->name; });
    for (const model::Field* field : fields) {
      const Value* value = object.Find(field->name);
      if (value == nullptr || (IsRoot(message) && field->name == "metadata")) continue;
      const std::string at = name.empty() ? field->name : Cat(name, ".", field->name);
      if (value->IsArray()) List(*value, *field, at);
      Inside(*value, field->type, at);
    }
  }

 private:
  void Inside(const Value& value, const model::Type& type, const std::string& name) {
    if (type.shape == model::Shape::kMessage && value.IsObject()) Message(value, InDefinition(*type.message), name);
    if (type.shape == model::Shape::kList && value.IsArray()) {
      for (std::size_t i = 0; i < value.size(); ++i) Inside(value[i], *type.element, Cat(name, "[", i, "]"));
    }
  }

  void List(const Value& list, const model::Field& field, const std::string& name) {
    if (field.list_map_keys.empty() && !field.list_set) return;
    // Each key once, at its second place.
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string key = field.list_set ? document::WriteJson(list[i]) : KeyOf(list[i], field.list_map_keys);
      if (++seen[key] == 2) errors_.Duplicate(base_ / Cat(name, "[", i, "]"), key);
    }
  }

  static std::string KeyOf(const Value& item, std::vector<std::string> keys) {
    std::sort(keys.begin(), keys.end());
    Value out = Value::MakeObject();
    for (const std::string& key : keys) {
      if (item.Find(key) != nullptr) out.Set(key, item[key]);
    }
    return document::WriteJson(out);
  }

  const FieldPath& base_;
  FieldErrors& errors_;
};

}  // namespace

std::vector<model::FieldIssue> Prune(Value& object, const model::Message& message, const model::FateOf& types) {
  std::vector<model::FieldIssue> issues;
  Pruner(types, issues).Root(object, message);
  std::sort(issues.begin(), issues.end(),
            [](const model::FieldIssue& a, const model::FieldIssue& b) { return a.path < b.path; });
  return issues;
}

std::vector<model::FieldIssue> RepeatedMembers(const Value& object) {
  std::vector<model::FieldIssue> issues;
  FindRepeated(object, "", issues);
  return issues;
}

void DefaultFromSchema(Value& object, const model::Message& message) {
  DefaultMessage(object, message);
}

void ValidateBySchema(const Value& object, const model::Message& message, const FieldPath& base, FieldErrors& errors) {
  Validator(base, errors).Message(object, message, "");
  Repetitions(base, errors).Message(object, message, "");
}

bool IsBlocking(const FieldErrors& errors) {
  return std::any_of(errors.list().begin(), errors.list().end(), [](const FieldError& error) {
    return error.type == FieldErrorType::kNotSupported || error.type == FieldErrorType::kRequired ||
           error.type == FieldErrorType::kTooLong || error.type == FieldErrorType::kTooMany ||
           error.type == FieldErrorType::kTypeInvalid;
  });
}

}  // namespace reprieve::admission
