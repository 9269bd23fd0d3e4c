#include <algorithm>

#include "admission/validation/object_meta.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

void ValidateWeight(const Value& term, const FieldPath& path, FieldErrors& errors) {
  const std::int64_t weight = term["weight"].AsInt();
  if (weight < 1 || weight > 100) errors.Invalid(path / "weight", Shown(weight), "must be in the range 1-100");
}

void ValidateNodeRequirement(const Value& requirement, const FieldPath& path, FieldErrors& errors) {
  const std::string& op = requirement["operator"].AsText();
  const Value& values = requirement["values"];
  if (op == "In" || op == "NotIn") {
    if (values.size() == 0) errors.Required(path / "values", "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (values.size() > 0) {
      errors.Forbidden(path / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (op == "Gt" || op == "Lt") {
    if (values.size() != 1) {
      errors.Required(path / "values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
  } else {
    errors.Invalid(path / "operator", Shown(op), "not a valid selector operator");
  }
  const std::string& key = requirement["key"].AsText();
  AddFaults(QualifiedNameFaults(key), path / "key", key, errors);
  for (std::size_t i = 0; i < values.size(); ++i) {
    AddFaults(LabelValueFaults(values[i].AsText()), (path / "values")[i], values[i].AsText(), errors);
  }
}

void ValidateNodeField(const Value& requirement, const FieldPath& path, FieldErrors& errors) {
  const std::string& op = requirement["operator"].AsText();
  const Value& values = requirement["values"];
  if (op == "In" || op == "NotIn") {
    if (values.size() != 1) {
      errors.Required(path / "values",
                      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    }
  } else {
    errors.Invalid(path / "operator", Shown(op), "not a valid selector operator");
  }
  const std::string& key = requirement["key"].AsText();
  if (key != "metadata.name") return errors.Invalid(path / "key", Shown(key), "not a valid field selector key");
  for (std::size_t i = 0; i < values.size(); ++i) {
    AddFaults(DnsSubdomainFaults(values[i].AsText()), (path / "values")[i], values[i].AsText(), errors);
  }
}

void ValidateNodeTerm(const Value& term, const FieldPath& path, FieldErrors& errors) {
  const Value& expressions = term["matchExpressions"];
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    ValidateNodeRequirement(expressions[i], (path / "matchExpressions")[i], errors);
  }
  const Value& fields = term["matchFields"];
  for (std::size_t i = 0; i < fields.size(); ++i) ValidateNodeField(fields[i], (path / "matchFields")[i], errors);
}

void ValidateNodeAffinity(const Value& affinity, const FieldPath& path, FieldErrors& errors) {
  const Value& required = affinity[kRequired];
  if (!required.IsNull()) {
    const Value& terms = required["nodeSelectorTerms"];
    const FieldPath at = path / kRequired / "nodeSelectorTerms";
    if (terms.size() == 0) errors.Required(at, "must have at least one node selector term");
    for (std::size_t i = 0; i < terms.size(); ++i) ValidateNodeTerm(terms[i], at[i], errors);
  }
  const Value& preferred = affinity[kPreferred];
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    const FieldPath at = (path / kPreferred)[i];
    ValidateWeight(preferred[i], at, errors);
    ValidateNodeTerm(preferred[i]["preference"], at / "preference", errors);
  }
}

bool SelectsOn(const Value& selector, const std::string& key) {
  if (selector["matchLabels"].Find(key) != nullptr) return true;
  const auto& expressions = selector["matchExpressions"].items();
  return std::any_of(expressions.begin(), expressions.end(),
                     [&](const Value& expression) { return expression["key"].AsText() == key; });
}

// Keys whose values the scheduler takes from the pod itself. `may_repeat`: the selector may name them too.
void ValidateLabelKeys(const Value& keys, const Value& selector, bool may_repeat, const FieldPath& path,
                       FieldErrors& errors) {
  if (keys.size() == 0) return;
  if (selector.IsNull()) return errors.Forbidden(path, "must not be specified when labelSelector is not set");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string& key = keys[i].AsText();
    AddFaults(QualifiedNameFaults(key), path[i], key, errors);
    if (!may_repeat && SelectsOn(selector, key))
      errors.Invalid(path[i], Shown(key), "exists in both matchLabelKeys and labelSelector");
  }
}

void ValidatePodTerm(const Value& term, const FieldPath& path, FieldErrors& errors) {
  for (const std::string_view member : {"labelSelector", "namespaceSelector"}) {
    if (!term[member].IsNull()) ValidateLabelSelector(term[member], path / member, {}, errors);
  }
  for (const Value& name : term["namespaces"].items()) {
    AddFaults(DnsLabelFaults(name.AsText()), path / "namespace", name.AsText(), errors);
  }
  for (const std::string_view member : {"matchLabelKeys", "mismatchLabelKeys"}) {
    ValidateLabelKeys(term[member], term["labelSelector"], /*may_repeat=*/false, path / member, errors);
  }
  const Value& unwanted = term["mismatchLabelKeys"];
  for (std::size_t i = 0; i < term["matchLabelKeys"].size(); ++i) {
    const Value& match = term["matchLabelKeys"][i];
    if (std::find(unwanted.items().begin(), unwanted.items().end(), match) == unwanted.items().end()) continue;
    errors.Invalid((path / "matchLabelKeys")[i], Shown(match), "exists in both matchLabelKeys and mismatchLabelKeys");
  }
  const std::string& key = term["topologyKey"].AsText();
  if (key.empty()) errors.Required(path / "topologyKey", "can not be empty");
  AddFaults(QualifiedNameFaults(key), path / "topologyKey", key, errors);
}

void ValidatePodAffinity(const Value& affinity, const FieldPath& path, FieldErrors& errors) {
  const Value& required = affinity[kRequired];
  for (std::size_t i = 0; i < required.size(); ++i) ValidatePodTerm(required[i], (path / kRequired)[i], errors);
  const Value& preferred = affinity[kPreferred];
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    const FieldPath at = (path / kPreferred)[i];
    ValidateWeight(preferred[i], at, errors);
    ValidatePodTerm(preferred[i]["podAffinityTerm"], at / "podAffinityTerm", errors);
  }
}

void ValidateToleration(const Value& toleration, const FieldPath& path, FieldErrors& errors) {
  const std::string& key = toleration["key"].AsText();
  const std::string& op = toleration["operator"].AsText();
  const std::string& value = toleration["value"].AsText();
  const Value& effect = toleration["effect"];
  if (!key.empty()) AddFaults(QualifiedNameFaults(key), path / "key", key, errors);
  if (key.empty() && op != "Exists") {
    errors.Invalid(path / "operator", Shown(op),
                   "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (!toleration["tolerationSeconds"].IsNull() && effect.AsText() != "NoExecute") {
    errors.Invalid(path / "effect", Shown(effect.AsText()),
                   "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op.empty() || op == "Equal") {
    const Faults faults = LabelValueFaults(value);
    if (!faults.empty()) errors.Invalid(path / "operator", Shown(value), Join(faults, ";"));
  } else if (op == "Exists") {
    if (!value.empty()) {
      errors.Invalid(path / "operator", Shown(value), "value must be empty when `operator` is 'Exists'");
    }
  } else if (op == "Lt" || op == "Gt") {
    // Off by default, and yet named as supported.
    errors.NotSupported(path / "operator", op, {"Equal", "Exists", "Lt", "Gt"});
  } else {
    errors.NotSupported(path / "operator", op, {"Equal", "Exists"});
  }
  if (!effect.AsText().empty()) {
    ValidateOptionalChoice(effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"}, path / "effect", errors);
  }
}

}  // namespace

void ValidateAffinity(const Value& affinity, const FieldPath& path, FieldErrors& errors) {
  ValidateNodeAffinity(affinity["nodeAffinity"], path / "nodeAffinity", errors);
  ValidatePodAffinity(affinity["podAffinity"], path / "podAffinity", errors);
  ValidatePodAffinity(affinity["podAntiAffinity"], path / "podAntiAffinity", errors);
}

void ValidateTopologySpread(const Value& constraints, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    const Value& constraint = constraints[i];
    const FieldPath at = path[i];
    const std::int64_t skew = constraint["maxSkew"].AsInt();
    if (skew <= 0) errors.Invalid(at / "maxSkew", Shown(skew), "must be greater than zero");
    const std::string& key = constraint["topologyKey"].AsText();
    if (key.empty()) {
      errors.Required(at / "topologyKey", "can not be empty");
    } else {
      AddFaults(QualifiedNameFaults(key), at / "topologyKey", key, errors);
    }
    const std::string& action = constraint["whenUnsatisfiable"].AsText();
    if (action != "DoNotSchedule" && action != "ScheduleAnyway") {
      errors.NotSupported(at / "whenUnsatisfiable", action, {"DoNotSchedule", "ScheduleAnyway"});
    }
    for (std::size_t j = i + 1; j < constraints.size(); ++j) {
      if (constraints[j]["topologyKey"].AsText() != key || constraints[j]["whenUnsatisfiable"].AsText() != action)
        continue;
      errors.Duplicate(at / "{topologyKey, whenUnsatisfiable}", Shown(Cat("{", key, ", ", action, "}")));
      break;
    }
    const Value& domains = constraint["minDomains"];
    if (!domains.IsNull()) {
      if (domains.AsInt() <= 0) errors.Invalid(at / "minDomains", Shown(domains), "must be greater than zero");
      if (action != "DoNotSchedule") {
        errors.Invalid(at / "minDomains", Shown(domains),
                       Cat("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ", action));
      }
    }
    for (const std::string_view member : {"nodeAffinityPolicy", "nodeTaintsPolicy"}) {
      ValidateOptionalChoice(constraint[member], {"Honor", "Ignore"}, at / member, errors);
    }
    ValidateLabelKeys(constraint["matchLabelKeys"], constraint["labelSelector"], /*may_repeat=*/true,
                      at / "matchLabelKeys", errors);
    if (!constraint["labelSelector"].IsNull()) {
      ValidateLabelSelector(constraint["labelSelector"], at / "labelSelector", {}, errors);
    }
  }
}

void ValidateTolerations(const Value& tolerations, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < tolerations.size(); ++i) ValidateToleration(tolerations[i], path[i], errors);
}

}  // namespace reprieve::admission
