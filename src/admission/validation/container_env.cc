#include <algorithm>

#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

using Texts = std::vector<std::string_view>;

const Texts kEnvFields = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
const Texts kVolumeFields = {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
                             "metadata.uid"};
const Texts kKnownFields = {"metadata.annotations", "metadata.labels", "metadata.name",      "metadata.namespace",
                            "metadata.uid",         "spec.nodeName",   "spec.restartPolicy", "spec.serviceAccountName",
                            "spec.schedulerName",   "status.phase",    "status.hostIP",      "status.hostIPs",
                            "status.podIP",         "status.podIPs"};
const Texts kResources = {"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                          "requests.cpu", "requests.ephemeral-storage", "requests.memory"};
const Texts kByteDivisors = {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};

bool Has(const Texts& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// metadata.labels['app'] into its two parts.
struct Subscripted {
  std::string_view path;
  std::string_view subscript;
};
std::optional<Subscripted> SplitSubscript(std::string_view text) {
  if (!text.ends_with("']")) return std::nullopt;
  text.remove_suffix(2);
  const std::size_t open = text.find("['");
  if (open == std::string_view::npos || open == 0) return std::nullopt;
  return Subscripted{text.substr(0, open), text.substr(open + 2)};
}

void ValidateDivisor(const Value& ref, const FieldPath& path, FieldErrors& errors) {
  const std::string& text = ref["divisor"].AsText();
  const auto divisor = text.empty() ? model::Quantity() : model::Quantity::Parse(text);
  if (!divisor.ok() || (*divisor).IsZero()) return;
  const std::string& resource = ref["resource"].AsText();
  const auto unsupported = [&](std::string_view values, std::string_view of) {
    errors.Invalid(path / "divisor", Shown(resource),
                   Cat("only divisor's values ", values, " are supported with the ", of, " resource"));
  };
  constexpr std::string_view kBytes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
  if (resource == "limits.cpu" || resource == "requests.cpu") {
    if (!Has({"1m", "1"}, text)) unsupported("1m and 1", "cpu");
  } else if (Has(kByteDivisors, text)) {
    return;
  } else if (resource == "limits.memory" || resource == "requests.memory") {
    unsupported(kBytes, "memory");
  } else if (resource.ends_with(".ephemeral-storage")) {
    unsupported(kBytes, "local ephemeral storage");
  } else if (resource.find(".hugepages-") != std::string::npos) {
    unsupported(kBytes, "hugepages");
  }
}

void ValidateKeyRef(const Value& ref, const FieldPath& path, FieldErrors& errors) {
  const std::string& name = ref["name"].AsText();
  AddFaults(DnsSubdomainFaults(name), path / "name", name, errors);
  const std::string& key = ref["key"].AsText();
  if (key.empty()) {
    errors.Required(path / "key");
  } else {
    AddFaults(ConfigMapKeyFaults(key), path / "key", key, errors);
  }
}

void ValidateFileKeyRef(const Value& ref, const FieldPath& path, FieldErrors& errors) {
  const std::string& key = ref["key"].AsText();
  if (key.empty()) {
    errors.Required(path / "key");
  } else {
    AddFaults(EnvVarNameFaults(key), path / "key", key, errors);
  }
  const std::string& volume = ref["volumeName"].AsText();
  if (volume.empty()) {
    errors.Required(path / "volumeName");
  } else {
    AddFaults(DnsLabelFaults(volume), path / "volumeName", volume, errors);
  }
  const std::string& file = ref["path"].AsText();
  if (file.empty()) {
    errors.Required(path / "path");
  } else {
    ValidateDescendingPath(file, path / "path", errors);
  }
}

void ValidateValueFrom(const Value& variable, const FieldPath& path, FieldErrors& errors) {
  const Value& source = variable["valueFrom"];
  if (source.IsNull()) return;
  int sources = 0;
  const auto with = [&](std::string_view member, auto validate) {
    if (source[member].IsNull()) return;
    ++sources;
    validate(source[member], path / member);
  };
  with("fieldRef", [&](const Value& ref, const FieldPath& at) { ValidateObjectFieldRef(ref, false, at, errors); });
  with("resourceFieldRef",
       [&](const Value& ref, const FieldPath& at) { ValidateResourceFieldRef(ref, false, at, errors); });
  with("configMapKeyRef", [&](const Value& ref, const FieldPath& at) { ValidateKeyRef(ref, at, errors); });
  with("secretKeyRef", [&](const Value& ref, const FieldPath& at) { ValidateKeyRef(ref, at, errors); });
  with("fileKeyRef", [&](const Value& ref, const FieldPath& at) { ValidateFileKeyRef(ref, at, errors); });
  if (sources == 0) {
    errors.Invalid(
        path, Shown(""),
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  }
  if (!variable["value"].AsText().empty()) {
    if (sources > 0) errors.Invalid(path, Shown(""), "may not be specified when `value` is not empty");
  } else if (sources > 1) {
    errors.Invalid(path, Shown(""), "may not have more than one field specified at a time");
  }
}

}  // namespace

void ValidateObjectFieldRef(const Value& ref, bool volume, const FieldPath& path, FieldErrors& errors) {
  const std::string& version = ref["apiVersion"].AsText();
  const std::string& field = ref["fieldPath"].AsText();
  if (version.empty()) return errors.Required(path / "apiVersion");
  if (field.empty()) return errors.Required(path / "fieldPath");
  const auto unconvertible = [&](std::string_view why) {
    errors.Invalid(path / "fieldPath", Shown(field), Cat("error converting fieldPath: ", why));
  };
  if (version != "v1") return unconvertible(Cat("unsupported pod version: ", version));
  if (const auto parts = SplitSubscript(field)) {
    if (parts->path == "metadata.annotations") {
      const std::string key = ToLower(parts->subscript);
      AddFaults(QualifiedNameFaults(key), path, key, errors);
    } else if (parts->path == "metadata.labels") {
      AddFaults(QualifiedNameFaults(parts->subscript), path, parts->subscript, errors);
    } else {
      unconvertible(Cat("field label does not support subscript: ", field));
    }
    return;
  }
  if (!Has(kKnownFields, field)) return unconvertible(Cat("field label not supported: ", field));
  const Texts& supported = volume ? kVolumeFields : kEnvFields;
  if (!Has(supported, field)) errors.NotSupported(path / "fieldPath", field, supported);
}

void ValidateResourceFieldRef(const Value& ref, bool volume, const FieldPath& path, FieldErrors& errors) {
  const std::string& resource = ref["resource"].AsText();
  const bool huge_pages = resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
  if (volume && ref["containerName"].AsText().empty()) {
    errors.Required(path / "containerName");
  } else if (resource.empty()) {
    errors.Required(path / "resource");
  } else if (!Has(kResources, resource) && !huge_pages) {
    errors.NotSupported(path / "resource", resource, kResources);
  }
  ValidateDivisor(ref, path, errors);
}

void ValidateEnv(const Value& env, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < env.size(); ++i) {
    const std::string& name = env[i]["name"].AsText();
    if (name.empty()) {
      errors.Required(path[i] / "name");
    } else {
      AddFaults(EnvVarNameFaults(name), path[i] / "name", name, errors);
    }
    ValidateValueFrom(env[i], path[i] / "valueFrom", errors);
  }
}

void ValidateEnvFrom(const Value& env_from, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < env_from.size(); ++i) {
    const std::string& prefix = env_from[i]["prefix"].AsText();
    if (!prefix.empty()) AddFaults(EnvVarNameFaults(prefix), path[i] / "prefix", prefix, errors);
    int sources = 0;
    for (const std::string_view member : {"configMapRef", "secretRef"}) {
      const Value& source = env_from[i][member];
      if (source.IsNull()) continue;
      ++sources;
      const std::string& name = source["name"].AsText();
      const FieldPath at = path[i] / member / "name";
      if (name.empty()) {
        errors.Required(at);
      } else {
        AddFaults(DnsSubdomainFaults(name), at, name, errors);
      }
    }
    if (sources == 0) errors.Invalid(path, Shown(""), "must specify one of: `configMapRef` or `secretRef`");
    if (sources > 1) errors.Invalid(path, Shown(""), "may not have more than one field specified at a time");
  }
}

}  // namespace reprieve::admission
