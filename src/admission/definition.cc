#include "admission/definition.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "admission/definition_rules.h"
#include "admission/served_fields.h"
#include "document/json.h"
#include "model/decode.h"
#include "model/schema.h"

namespace reprieve::admission {

using document::Value;

namespace {

// A rule in CEL. `where`: the message and the field that it stands at; an empty field: the message itself.
struct CelRule {
  std::string_view message;
  std::string_view field;
  std::string_view rule;
  std::string_view says;
};

constexpr std::string_view kUnchanged = "self == oldSelf";
constexpr std::string_view kImmutable = "Value is immutable";
constexpr std::string_view kSpec = "jobset.x-k8s.io/v1alpha2.JobSetSpec";

constexpr CelRule kCelRules[] = {
    {kSpec, "",
     "!(has(self.startupPolicy) && self.startupPolicy.startupPolicyOrder == 'InOrder' && "
     "self.replicatedJobs.exists(job, has(job.dependsOn)))",
     "StartupPolicy and DependsOn APIs are mutually exclusive"},
    {kSpec, "network", kUnchanged, kImmutable},
    {kSpec, "successPolicy", kUnchanged, kImmutable},
    {kSpec, "failurePolicy", kUnchanged, kImmutable},
    {kSpec, "startupPolicy", kUnchanged, kImmutable},
    {kSpec, "volumeClaimPolicies", kUnchanged, kImmutable},
    {"jobset.x-k8s.io/v1alpha2.ReplicatedJob", "dependsOn", kUnchanged, kImmutable},
    {"jobset.x-k8s.io/v1alpha2.VolumeClaimPolicy", "",
     "self.templates.all(claim, !has(claim.metadata.namespace) || claim.metadata.namespace == '')",
     "namespace cannot be set for VolumeClaimPolicies templates"},
};

// What an API server accepts as a quantity.
constexpr std::string_view kQuantityPattern =
    R"(^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$)";

// Structures that server-side apply takes as one value, for one owner.
constexpr std::array<std::string_view, 16> kAtomicStructures = {
    "LabelSelector",         "NodeSelector",         "NodeSelectorTerm",      "ObjectFieldSelector",
    "ResourceFieldSelector", "ConfigMapKeySelector", "SecretKeySelector",     "FileKeySelector",
    "ConfigMapEnvSource",    "SecretEnvSource",      "ConfigMapVolumeSource", "ConfigMapProjection",
    "SecretProjection",      "LocalObjectReference", "SecretReference",       "TypedLocalObjectReference"};

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

Value Typed(std::string_view type, std::string_view format = "") {
  Value out = Value::MakeObject();
  if (!format.empty()) out.Set("format", Text(format));
  out.Set("type", Text(type));
  return out;
}

Value IntOrString() {
  Value out = Value::MakeObject();
  Value& any = out.Set("anyOf", Value::MakeArray());
  any.Append(Typed("integer"));
  any.Append(Typed("string"));
  out.Set("x-kubernetes-int-or-string", Value::Bool(true));
  return out;
}

void AddCel(Value& schema, const model::Message& message, std::string_view field) {
  for (const CelRule& rule : kCelRules) {
    if (rule.message != message.full_name || rule.field != field) continue;
    Value each = Value::MakeObject();
    each.Set("message", Text(rule.says));
    each.Set("rule", Text(rule.rule));
    schema.At("x-kubernetes-validations").Append(std::move(each));
  }
}

class Writer {
 public:
  explicit Writer(const model::FateOf& fate_of) : fate_of_(fate_of) {}

  Value Message(const model::Message& message) const {
    Value out = Typed("object");
    Value properties = Value::MakeObject();
    std::vector<std::string> required;
    for (const model::Field& field : message.fields) {
      if (fate_of_(message, field) == model::FieldFate::kUnknown) continue;
      const DefinitionRule* rule = FindDefinitionRule(message, field.name);
      Value schema = OfType(field.type);
      if (rule != nullptr) AddBounds(schema, *rule);
      if (field.type.shape == model::Shape::kList) AddListType(schema, field);
      if (field.map_atomic) schema.Set("x-kubernetes-map-type", Text("atomic"));
      AddCel(schema, message, field.name);
      properties.Set(field.name, std::move(schema));
      // The members that every object has are checked by the server itself.
      const bool has_default = rule != nullptr && !rule->default_json.empty();
      if (!IsRoot(message) && IsRequired(field, rule) && !has_default) required.push_back(field.name);
    }
    if (!properties.IsEmpty()) out.Set("properties", std::move(properties));
    std::sort(required.begin(), required.end());
    for (const std::string& name : required) out.At("required").Append(Text(name));
    if (std::find(kAtomicStructures.begin(), kAtomicStructures.end(), message.name) != kAtomicStructures.end()) {
      out.Set("x-kubernetes-map-type", Text("atomic"));
    }
    AddCel(out, message, "");
    return out;
  }

 private:
  Value OfType(const model::Type& type) const {
    switch (type.shape) {
      case model::Shape::kString:
        return Typed("string");
      case model::Shape::kBool:
        return Typed("boolean");
      case model::Shape::kInt32:
        return Typed("integer", "int32");
      case model::Shape::kInt64:
        return Typed("integer", "int64");
      case model::Shape::kBytes:
        return Typed("string", "byte");
      case model::Shape::kQuantity: {
        Value out = IntOrString();
        out.Set("pattern", Text(kQuantityPattern));
        return out;
      }
      case model::Shape::kIntOrString:
        return IntOrString();
      case model::Shape::kTime:
        return Typed("string", "date-time");
      case model::Shape::kMicroTime:
        return Typed("string", "date-time");
      case model::Shape::kRaw: {
        Value out = Typed("object");
        out.Set("x-kubernetes-preserve-unknown-fields", Value::Bool(true));
        return out;
      }
      case model::Shape::kMessage:
        return Message(InDefinition(*type.message));
      case model::Shape::kList: {
        Value out = Typed("array");
        out.Set("items", OfType(*type.element));
        return out;
      }
      case model::Shape::kMap: {
        Value out = Typed("object");
        out.Set("additionalProperties", OfType(*type.element));
        return out;
      }
    }
    return {};
  }

  static void AddBounds(Value& schema, const DefinitionRule& rule) {
    for (const std::string_view word : rule.words) {
      if (!word.empty()) schema.At("enum").Append(Text(word));
    }
    if (rule.minimum) schema.Set("minimum", Value::Int(*rule.minimum));
    if (rule.max_items > 0) schema.Set("maxItems", Value::Int(static_cast<std::int64_t>(rule.max_items)));
    if (rule.min_length > 0) schema.Set("minLength", Value::Int(static_cast<std::int64_t>(rule.min_length)));
    if (rule.max_length > 0) schema.Set("maxLength", Value::Int(static_cast<std::int64_t>(rule.max_length)));
    if (!rule.pattern.empty()) schema.Set("pattern", Text(rule.pattern));
    if (!rule.default_json.empty()) schema.Set("default", *document::ParseJson(rule.default_json));
  }

  void AddListType(Value& schema, const model::Field& field) const {
    if (field.list_set) {
      schema.Set("x-kubernetes-list-type", Text("set"));
    } else if (field.list_map_keys.empty()) {
      schema.Set("x-kubernetes-list-type", Text("atomic"));
    } else {
      Value& keys = schema.Set("x-kubernetes-list-map-keys", Value::MakeArray());
      for (const std::string& key : field.list_map_keys) {
        keys.Append(Text(key));
        GiveKey(schema.At("items"), key);
      }
      schema.Set("x-kubernetes-list-type", Text("map"));
    }
  }

  // The server asks for each key of a list that is a map: it must be required, or have a default.
  static void GiveKey(Value& item, const std::string& key) {
    for (const Value& required : item["required"].items()) {
      if (required.AsText() == key) return;
    }
    Value& schema = item.At("properties").At(key);
    if (schema.Find("default") == nullptr) schema.Set("default", Text(""));
  }

  const model::FateOf& fate_of_;
};

Value Column(std::string_view name, std::string_view type, std::string_view path) {
  Value out = Value::MakeObject();
  out.Set("jsonPath", Text(path));
  out.Set("name", Text(name));
  out.Set("type", Text(type));
  return out;
}

}  // namespace

Value JobSetDefinition() {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Text("apiextensions.k8s.io/v1"));
  out.Set("kind", Text("CustomResourceDefinition"));
  out.Set("metadata", Value::MakeObject()).Set("name", Text("jobsets.jobset.x-k8s.io"));
  Value& spec = out.Set("spec", Value::MakeObject());
  spec.Set("group", Text("jobset.x-k8s.io"));
  Value& names = spec.Set("names", Value::MakeObject());
  names.Set("kind", Text("JobSet"));
  names.Set("listKind", Text("JobSetList"));
  names.Set("plural", Text("jobsets"));
  names.Set("singular", Text("jobset"));
  spec.Set("scope", Text("Namespaced"));
  Value version = Value::MakeObject();
  Value& columns = version.Set("additionalPrinterColumns", Value::MakeArray());
  columns.Append(Column("TerminalState", "string", ".status.terminalState"));
  columns.Append(Column("Restarts", "string", ".status.restarts"));
  columns.Append(Column("Completed", "string", ".status.conditions[?(@.type==\"Completed\")].status"));
  columns.Append(Column("Suspended", "string", ".spec.suspend"));
  columns.Append(Column("Age", "date", ".metadata.creationTimestamp"));
  version.Set("name", Text("v1alpha2"));
  Value schema = Writer(FieldsServedBy({})).Message(model::JobSetMessage());
  schema.At("properties").Set("metadata", Typed("object"));
  version.Set("schema", Value::MakeObject()).Set("openAPIV3Schema", std::move(schema));
  version.Set("served", Value::Bool(true));
  version.Set("storage", Value::Bool(true));
  version.Set("subresources", Value::MakeObject()).Set("status", Value::MakeObject());
  spec.Set("versions", Value::MakeArray()).Append(std::move(version));
  return out;
}

}  // namespace reprieve::admission
