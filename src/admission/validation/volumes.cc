#include <algorithm>

#include "admission/validation/claim.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kMaxFileMode = 0777;
constexpr std::size_t kMaxDriverBytes = 63;

using Check = void (*)(const Value& source, const FieldPath& path, FieldErrors& errors);

void RequireAll(const Value& source, const std::vector<std::string_view>& members, const FieldPath& path,
                FieldErrors& errors) {
  for (const std::string_view member : members) {
    if (source[member].IsEmpty()) errors.Required(path / member);
  }
}

void ValidateItems(const Value& items, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < items.size(); ++i) ValidateKeyToPath(items[i], path[i], errors);
}

void ValidateEmptyDir(const Value& source, const FieldPath& path, FieldErrors& errors) {
  const auto limit = model::Quantity::Parse(source["sizeLimit"].IsNull() ? "0" : source["sizeLimit"].AsText());
  if (limit.ok() && (*limit).Sign() < 0) {
    errors.Forbidden(path / "sizeLimit", "SizeLimit field must be a valid resource quantity");
  }
}

void ValidateHostPath(const Value& source, const FieldPath& path, FieldErrors& errors) {
  if (source["path"].AsText().empty()) return errors.Required(path / "path");
  ValidateNoBacksteps(source["path"].AsText(), path / "path", errors);
  ValidateOptionalChoice(
      source["type"],
      {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"},
      path / "type", errors);
}

void ValidateGitRepo(const Value& source, const FieldPath& path, FieldErrors& errors) {
  RequireAll(source, {"repository"}, path, errors);
  ValidateDescendingPath(source["directory"].AsText(), path / "directory", errors);
}

void ValidatePartition(const Value& source, const FieldPath& path, FieldErrors& errors) {
  const std::int64_t partition = source["partition"].AsInt();
  if (partition >= 0 && partition <= 255) return;
  errors.Invalid(path / "partition", Shown(partition), "must be between 0 and 255, inclusive");
}

void ValidateNfs(const Value& source, const FieldPath& path, FieldErrors& errors) {
  RequireAll(source, {"server", "path"}, path, errors);
  const std::string& text = source["path"].AsText();
  if (!text.starts_with('/')) errors.Invalid(path / "path", Shown(text), "must be an absolute path");
}

void ValidateSecret(const Value& source, const FieldPath& path, FieldErrors& errors) {
  RequireAll(source, {"secretName"}, path, errors);
  ValidateMode(source["defaultMode"], path / "defaultMode", errors);
  ValidateItems(source["items"], path / "items", errors);
}

void ValidateConfigMap(const Value& source, const FieldPath& path, FieldErrors& errors) {
  RequireAll(source, {"name"}, path, errors);
  ValidateMode(source["defaultMode"], path / "defaultMode", errors);
  ValidateItems(source["items"], path / "items", errors);
}

void ValidateDownwardApi(const Value& source, const FieldPath& path, FieldErrors& errors) {
  ValidateMode(source["defaultMode"], path / "defaultMode", errors);
  for (const Value& file : source["items"].items()) ValidateDownwardFile(file, path, errors);
}

void ValidateEphemeral(const Value& source, const FieldPath& path, FieldErrors& errors) {
  const Value& claim = source["volumeClaimTemplate"];
  const FieldPath at = path / "volumeClaimTemplate";
  if (claim.IsNull()) return errors.Required(at);
  ValidateClaimSpec(claim["spec"], at / "spec", errors);
}

void ValidateCsi(const Value& source, const FieldPath& path, FieldErrors& errors) {
  const std::string& driver = source["driver"].AsText();
  if (driver.empty()) {
    errors.Required(path / "driver");
  } else {
    if (driver.size() > kMaxDriverBytes) errors.TooLong(path / "driver", kMaxDriverBytes);
    AddFaults(DnsSubdomainFaults(ToLower(driver)), path / "driver", driver, errors);
  }
  const Value& secret = source["nodePublishSecretRef"];
  if (!secret.IsNull()) RequireAll(secret, {"name"}, path / "nodePublishSecretRef", errors);
}

void ValidateImage(const Value& source, const FieldPath& path, FieldErrors& errors) {
  ValidateChoice(source["pullPolicy"], {"Always", "IfNotPresent", "Never"}, path / "pullPolicy", errors);
}

struct SourceRule {
  std::string_view name;
  Check check = nullptr;
  std::vector<std::string_view> required = {};  // members that must be there
};

// In the order in which the API server looks at them.
const SourceRule kSources[] = {
    {"emptyDir", ValidateEmptyDir},
    {"hostPath", ValidateHostPath},
    {"gitRepo", ValidateGitRepo},
    {"gcePersistentDisk", ValidatePartition, {"pdName"}},
    {"awsElasticBlockStore", ValidatePartition, {"volumeID"}},
    {"secret", ValidateSecret},
    {"nfs", ValidateNfs},
    {"iscsi", nullptr, {"targetPortal", "iqn"}},
    {"glusterfs", nullptr, {"endpoints", "path"}},
    {"flocker"},
    {"persistentVolumeClaim", nullptr, {"claimName"}},
    {"rbd", nullptr, {"monitors", "image"}},
    {"cinder", nullptr, {"volumeID"}},
    {"cephfs", nullptr, {"monitors"}},
    {"quobyte", nullptr, {"registry", "volume"}},
    {"downwardAPI", ValidateDownwardApi},
    {"fc"},
    {"flexVolume", nullptr, {"driver"}},
    {"configMap", ValidateConfigMap},
    {"azureFile", nullptr, {"secretName", "shareName"}},
    {"vsphereVolume", nullptr, {"volumePath"}},
    {"photonPersistentDisk", nullptr, {"pdID"}},
    {"portworxVolume", nullptr, {"volumeID"}},
    {"azureDisk", nullptr, {"diskName", "diskURI"}},
    {"storageos"},
    {"projected", ValidateProjected},
    {"scaleIO", nullptr, {"gateway", "system", "volumeName"}},
    {"csi", ValidateCsi},
    {"ephemeral", ValidateEphemeral},
    {"image", ValidateImage},
};

void ValidateSource(const Value& volume, const FieldPath& path, const TemplateRules& rules, FieldErrors& errors) {
  int sources = 0;
  for (const SourceRule& rule : kSources) {
    const Value& source = volume[rule.name];
    if (source.IsNull()) continue;
    if (sources++ > 0) {
      errors.Forbidden(path / rule.name, "may not specify more than 1 volume type");
      continue;
    }
    RequireAll(source, rule.required, path / rule.name, errors);
    if (rule.name == "image" && rules.require_image_reference)
      RequireAll(source, {"reference"}, path / "image", errors);
    if (rule.check != nullptr) rule.check(source, path / rule.name, errors);
  }
  if (sources == 0) errors.Required(path, "must specify a volume type");
}

}  // namespace

void ValidateMode(const Value& mode, const FieldPath& path, FieldErrors& errors) {
  if (mode.IsNull() || (mode.AsInt() >= 0 && mode.AsInt() <= kMaxFileMode)) return;
  errors.Invalid(path, Shown(mode), "must be a number between 0 and 0777 (octal), both inclusive");
}

void ValidateFilePath(const std::string& text, const FieldPath& path, FieldErrors& errors) {
  ValidateDescendingPath(text, path, errors);
  if (text.starts_with("..") && !text.starts_with("../")) {
    errors.Invalid(path, Shown(text), "must not start with '..'");
  }
}

void ValidateKeyToPath(const Value& item, const FieldPath& path, FieldErrors& errors) {
  RequireAll(item, {"key", "path"}, path, errors);
  ValidateFilePath(item["path"].AsText(), path / "path", errors);
  ValidateMode(item["mode"], path / "mode", errors);
}

void ValidateDownwardFile(const Value& file, const FieldPath& path, FieldErrors& errors) {
  if (file["path"].AsText().empty()) errors.Required(path / "path");
  ValidateFilePath(file["path"].AsText(), path / "path", errors);
  const Value& field = file["fieldRef"];
  const Value& resource = file["resourceFieldRef"];
  if (!field.IsNull()) {
    ValidateObjectFieldRef(field, /*volume=*/true, path / "fieldRef", errors);
    if (!resource.IsNull()) {
      errors.Invalid(path, Shown("resource"), "fieldRef and resourceFieldRef can not be specified simultaneously");
    }
  } else if (!resource.IsNull()) {
    ValidateResourceFieldRef(resource, /*volume=*/true, path / "resourceFieldRef", errors);
  } else {
    errors.Required(path, "one of fieldRef and resourceFieldRef is required");
  }
  ValidateMode(file["mode"], path / "mode", errors);
}

void ValidateVolumes(PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& volumes = pod.spec["volumes"];
  Names names;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    FieldErrors own;
    const std::string& name = volumes[i]["name"].AsText();
    ValidateSource(volumes[i], path[i], pod.rules, own);
    if (name.empty()) {
      own.Required(path[i] / "name");
    } else {
      AddFaults(DnsLabelFaults(name), path[i] / "name", name, own);
    }
    if (names.contains(name)) own.Duplicate(path[i] / "name", Shown(name));
    if (own.empty()) {
      names.insert(name);
      pod.volumes.emplace_back(name, &volumes[i]);
    }
    errors.Append(std::move(own));
  }
}

}  // namespace reprieve::admission
