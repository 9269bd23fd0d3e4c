#include "admission/validation/claim.h"

#include "admission/validation/names.h"
#include "admission/validation/object_meta.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kClaim = "PersistentVolumeClaim";

// Each mode, and that of one pod alone.
void ValidateAccessModes(const Value& modes, const FieldPath& path, FieldErrors& errors) {
  bool one_pod = false;
  bool others = false;
  for (const Value& mode : modes.items()) {
    const std::string& name = mode.AsText();
    if (name == "ReadWriteOncePod") {
      one_pod = true;
    } else if (name == "ReadWriteOnce" || name == "ReadOnlyMany" || name == "ReadWriteMany") {
      others = true;
    } else {
      errors.NotSupported(path, name, {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
    }
  }
  if (one_pod && others) errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
}

void ValidateStorage(const Value& resources, const FieldPath& path, FieldErrors& errors) {
  const FieldPath at = path.Key("storage");
  const Value* storage = resources["requests"].Find("storage");
  if (storage == nullptr) return errors.Required(at);
  const auto size = model::Quantity::Parse(storage->IsNull() ? "0" : storage->AsText());
  if (size.ok() && (*size).Sign() <= 0) errors.Invalid(at, Shown((*size).text()), "must be greater than zero");
}

void ValidateDataSource(const Value& source, const FieldPath& path, FieldErrors& errors) {
  if (source.IsNull()) return;
  const std::string& kind = source["kind"].AsText();
  const std::string& group = source["apiGroup"].AsText();
  if (source["name"].AsText().empty()) errors.Required(path / "name");
  if (kind.empty()) errors.Required(path / "kind");
  if (group.empty() && kind != kClaim) {
    errors.Invalid(path, Shown(kind), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  if (!group.empty()) AddFaults(DnsSubdomainFaults(group), path / "apiGroup", group, errors);
}

bool AreSameSource(const Value& source, const Value& ref) {
  for (const std::string_view member : {"apiGroup", "kind", "name"}) {
    if (source[member].AsText() != ref[member].AsText()) return false;
  }
  return true;
}

void ValidateDataSources(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& source = spec["dataSource"];
  const Value& ref = spec["dataSourceRef"];
  ValidateDataSource(source, path / "dataSource", errors);
  ValidateDataSource(ref, path / "dataSourceRef", errors);
  if (source.IsNull() || ref.IsNull() || AreSameSource(source, ref)) return;
  // The server has the path for a value, of which nothing can be shown.
  errors.Invalid(path, "{}", "must match dataSourceRef");
}

void ValidateClassName(const Value& spec, std::string_view member, const FieldPath& path, FieldErrors& errors) {
  const std::string& name = spec[member].AsText();
  if (!name.empty()) AddFaults(DnsSubdomainFaults(name), path / member, name, errors);
}

}  // namespace

void ValidateClaimSpec(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec["accessModes"].size() == 0) errors.Required(path / "accessModes", "at least 1 access mode is required");
  if (!spec["selector"].IsNull()) ValidateLabelSelector(spec["selector"], path / "selector", {}, errors);
  ValidateAccessModes(spec["accessModes"], path / "accessModes", errors);
  ValidateStorage(spec["resources"], path / "resources", errors);
  ValidateClassName(spec, "storageClassName", path, errors);
  ValidateOptionalChoice(spec["volumeMode"], {"Block", "Filesystem"}, path / "volumeMode", errors);
  ValidateDataSources(spec, path, errors);
  ValidateClassName(spec, "volumeAttributesClassName", path, errors);
}

void ValidateClaimCreate(const Value& claim, const ServerBehaviour& server, FieldErrors& errors) {
  const FieldPath path("metadata");
  ValidateMeta(claim["metadata"], NameRule::kSubdomain, path, server, errors);
  ValidateStandardFinalizers(claim["metadata"], path, errors);
  ValidateClaimSpec(claim["spec"], FieldPath("spec"), errors);
}

}  // namespace reprieve::admission
