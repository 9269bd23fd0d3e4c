#include "admission/validation/object_meta.h"

#include <algorithm>

#include "admission/validation/names.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::size_t kMaxAnnotationBytes = 262144;

void AddAll(const Faults& faults, const FieldPath& path, std::string_view value, FieldErrors& errors) {
  for (const auto& fault : faults) errors.Invalid(path, Shown(value), fault);
}

std::vector<const Value::Member*> Sorted(const Value& map) {
  std::vector<const Value::Member*> members;
  for (const auto& member : map.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  return members;
}

// A name that can stand in a URL.
Faults PathSegmentFaults(std::string_view name, bool prefix) {
  Faults faults;
  if (!prefix && (name == "." || name == "..")) faults.push_back(Cat("may not be '", name, "'"));
  if (!faults.empty()) return faults;
  for (const char illegal : {'/', '%'}) {
    if (name.find(illegal) != std::string_view::npos) faults.push_back(Cat("may not contain '", illegal, "'"));
  }
  return faults;
}

Faults NameFaults(const std::string& name, NameRule rule, bool prefix) {
  switch (rule) {
    case NameRule::kSubdomain:
      return ObjectNameFaults(name, prefix);
    case NameRule::kLabel:
      return LabelNameFaults(name, prefix);
    case NameRule::kAny:
      return PathSegmentFaults(name, prefix);
  }
  return {};
}

void ValidateNames(const Value& meta, NameRule rule, const FieldPath& path, FieldErrors& errors) {
  const auto faults = [&](const std::string& name, bool prefix) { return NameFaults(name, rule, prefix); };
  const std::string& generate_name = meta["generateName"].AsText();
  if (!generate_name.empty()) AddAll(faults(generate_name, true), path / "generateName", generate_name, errors);
  const std::string& name = meta["name"].AsText();
  if (name.empty()) {
    errors.Required(path / "name", "name or generateName is required");
  } else {
    AddAll(faults(name, false), path / "name", name, errors);
  }
  const std::string& space = meta["namespace"].AsText();
  if (space.empty()) {
    errors.Required(path / "namespace");
  } else {
    AddAll(DnsLabelFaults(space), path / "namespace", space, errors);
  }
}

void ValidateOwner(const Value& owner, const FieldPath& path, const ServerBehaviour& server, FieldErrors& errors) {
  const std::string& api_version = owner["apiVersion"].AsText();
  const auto parts = Split(api_version, '/');
  const std::string_view version = parts.size() > 2 ? "" : parts.back();
  const std::string_view group = parts.size() == 2 ? parts.front() : "";
  if (!server.numbers_owners) {
    if (version.empty()) errors.Invalid(path / "apiVersion", Shown(api_version), "version must not be empty");
  } else if (api_version.empty()) {
    errors.Required(path / "apiVersion", "must not be empty");
  } else if (version.empty()) {
    errors.Invalid(path / "apiVersion", Shown(api_version), "must be <group>/<version> or <version>");
  }
  for (const std::string_view member : {"kind", "name", "uid"}) {
    if (!owner[member].AsText().empty()) continue;
    if (server.numbers_owners) {
      errors.Required(path / member, "must not be empty");
    } else {
      errors.Invalid(path / member, Shown(""), "must not be empty");
    }
  }
  if (group.empty() && version == "v1" && owner["kind"].AsText() == "Event") {
    errors.Invalid(path, model::DumpPrinted(&owner, model::GetMessage("meta/v1.OwnerReference")),
                   "/v1, Kind=Event is disallowed from being an owner");
  }
}

void ValidateOwners(const Value& owners, const FieldPath& path, const ServerBehaviour& server, FieldErrors& errors) {
  std::string first;
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const Value& owner = owners[i];
    ValidateOwner(owner, server.numbers_owners ? path[i] : path, server, errors);
    if (!owner["controller"].AsBool()) continue;
    const std::string name = Cat(owner["kind"].AsText(), "/", owner["name"].AsText());
    if (first.empty()) {
      first = name;
      continue;
    }
    Value shown = Value::MakeArray();
    for (const Value& each : owners.items())
      shown.Append(model::Printed(each, model::GetMessage("meta/v1.OwnerReference")));
    errors.Invalid(path, document::WriteJson(shown),
                   Cat("Only one reference can have Controller set to true. Found \"true\" in references for ", first,
                       " and ", name));
  }
}

bool Contains(const Value& list, std::string_view text) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const Value& item) { return item.AsText() == text; });
}

void ValidateFinalizers(const Value& finalizers, const FieldPath& path, FieldErrors& errors) {
  for (const Value& finalizer : finalizers.items()) {
    AddAll(QualifiedNameFaults(finalizer.AsText()), path, finalizer.AsText(), errors);
  }
  if (Contains(finalizers, "orphan") && Contains(finalizers, "foregroundDeletion")) {
    errors.Invalid(path, document::WriteJson(finalizers), "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

}  // namespace

void ValidateLabels(const Value& labels, const FieldPath& path, FieldErrors& errors) {
  for (const auto* member : Sorted(labels)) {
    AddAll(QualifiedNameFaults(member->key), path, member->key, errors);
    AddAll(LabelValueFaults(member->value.AsText()), path, member->value.AsText(), errors);
  }
}

void ValidateAnnotations(const Value& annotations, const FieldPath& path, FieldErrors& errors) {
  std::size_t bytes = 0;
  for (const auto* member : Sorted(annotations)) {
    // The rule is lower case only where it makes no difference: keys may have capitals.
    AddAll(QualifiedNameFaults(ToLower(member->key)), path, member->key, errors);
    bytes += member->key.size() + member->value.AsText().size();
  }
  if (bytes > kMaxAnnotationBytes) errors.TooLong(path, kMaxAnnotationBytes);
}

void ValidateMeta(const Value& meta, NameRule rule, const FieldPath& path, const ServerBehaviour& server,
                  FieldErrors& errors) {
  ValidateNames(meta, rule, path, errors);
  const std::int64_t generation = meta["generation"].AsInt();
  if (generation < 0) errors.Invalid(path / "generation", Shown(generation), "must be greater than or equal to 0");
  ValidateLabels(meta["labels"], path / "labels", errors);
  ValidateAnnotations(meta["annotations"], path / "annotations", errors);
  ValidateOwners(meta["ownerReferences"], path / "ownerReferences", server, errors);
  ValidateFinalizers(meta["finalizers"], path / "finalizers", errors);
}

void ValidateStandardFinalizers(const Value& meta, const FieldPath& path, FieldErrors& errors) {
  const Value& finalizers = meta["finalizers"];
  for (std::size_t i = 0; i < finalizers.size(); ++i) {
    const std::string& name = finalizers[i].AsText();
    if (name.find('/') != std::string::npos) continue;
    if (name == "kubernetes" || name == "orphan" || name == "foregroundDeletion") continue;
    errors.Invalid((path / "finalizers")[i], Shown(name),
                   "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void ValidateMetaUpdate(const Value& meta, const Value& stored, const FieldPath& path, const ServerBehaviour& server,
                        FieldErrors& errors) {
  if (!stored["deletionTimestamp"].IsNull()) {
    Value added = Value::MakeArray();
    for (const Value& finalizer : meta["finalizers"].items()) {
      if (!Contains(stored["finalizers"], finalizer.AsText())) added.Append(finalizer);
    }
    if (added.size() > 0) {
      std::vector<std::string> names;
      for (const Value& each : added.items()) names.push_back(Quote(each.AsText()));
      errors.Forbidden(
          path / "finalizers",
          Cat("no new finalizers can be added if the object is being deleted, found new finalizers []string{",
              Join(names, ", "), "}"));
    }
  }
  if (meta["resourceVersion"].AsText().empty()) {
    errors.Invalid(path / "resourceVersion", Shown(""), "must be specified for an update");
  }
  if (meta["generation"].AsInt() < stored["generation"].AsInt()) {
    errors.Invalid(path / "generation", Shown(meta["generation"].AsInt()), "must not be decremented");
  }
  for (const std::string_view member :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    if (meta[member] == stored[member]) continue;
    const bool text = member == "name" || member == "namespace" || member == "uid";
    errors.Invalid(path / member, text ? Shown(meta[member].AsText()) : Shown(meta[member]), "field is immutable");
  }
  ValidateLabels(meta["labels"], path / "labels", errors);
  ValidateAnnotations(meta["annotations"], path / "annotations", errors);
  ValidateOwners(meta["ownerReferences"], path / "ownerReferences", server, errors);
}

void ValidateLabelSelector(const Value& selector, const FieldPath& path, SelectorRules rules, FieldErrors& errors) {
  ValidateLabels(selector["matchLabels"], path / "matchLabels", errors);
  const Value& expressions = selector["matchExpressions"];
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const Value& expression = expressions[i];
    const FieldPath at = (path / "matchExpressions")[i];
    const std::string& op = expression["operator"].AsText();
    const Value& values = expression["values"];
    if (op == "In" || op == "NotIn") {
      if (values.size() == 0) errors.Required(at / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (values.size() > 0) {
        errors.Forbidden(at / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      errors.Invalid(at / "operator", Shown(op), "not a valid selector operator");
    }
    const std::string& key = expression["key"].AsText();
    AddAll(QualifiedNameFaults(key), at / "key", key, errors);
    if (!rules.check_label_values) continue;
    for (std::size_t j = 0; j < values.size(); ++j) {
      AddAll(LabelValueFaults(values[j].AsText()), (at / "values")[j], values[j].AsText(), errors);
    }
  }
}

bool IsUsableSelector(const Value& selector) {
  FieldErrors errors;
  ValidateLabelSelector(selector, FieldPath("selector"), {}, errors);
  return errors.empty();
}

bool SelectorMatches(const Value& selector, const Value& labels) {
  for (const auto& member : selector["matchLabels"].members()) {
    const Value* label = labels.Find(member.key);
    if (label == nullptr || label->AsText() != member.value.AsText()) return false;
  }
  for (const Value& expression : selector["matchExpressions"].items()) {
    const std::string& op = expression["operator"].AsText();
    const Value* label = labels.Find(expression["key"].AsText());
    const bool listed = label != nullptr && Contains(expression["values"], label->AsText());
    if (op == "In" && !listed) return false;
    if (op == "NotIn" && listed) return false;
    if (op == "Exists" && label == nullptr) return false;
    if (op == "DoesNotExist" && label != nullptr) return false;
  }
  return true;
}

}  // namespace reprieve::admission
