#include "admission/validation/pod_create.h"

#include "admission/validation/object_meta.h"
#include "admission/validation/pod.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";

// A 32-bit number without a plus sign; after a minus, zeros may lead it.
bool IsDeletionCost(const std::string& text) {
  const bool leads_with_zero = text.starts_with('0') && text != "0";
  return !leads_with_zero && !text.starts_with('+') && ParseInt32(text).has_value();
}

void ValidatePodAnnotations(const Value& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& annotations = pod["metadata"]["annotations"];
  const Value* mirror = annotations.Find(kMirror);
  if (mirror != nullptr && pod["spec"]["nodeName"].AsText().empty()) {
    errors.Invalid(path.Key(kMirror), Shown(mirror->AsText()),
                   "must set spec.nodeName if mirror pod annotation is set");
  }
  const Value* cost = annotations.Find(kDeletionCost);
  if (cost != nullptr && !IsDeletionCost(cost->AsText())) {
    errors.Invalid(path.Key(kDeletionCost), Shown(cost->AsText()), "must be a 32bit integer");
  }
  ValidateAppArmorAnnotations(pod, path, errors);
}

// A template may have them.
void ValidateImages(const Value& containers, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string& image = containers[i]["image"].AsText();
    if (Trim(image).size() == image.size()) continue;
    errors.Invalid(path[i] / "image", Shown(image), "must not have leading or trailing whitespace");
  }
}

// The claims that are made for a pod have its name in theirs.
void ValidateOwnClaims(const Value& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& volumes = pod["spec"]["volumes"];
  Names made;
  for (const Value& volume : volumes.items()) {
    if (volume["ephemeral"].IsNull()) continue;
    made.insert(Cat(pod["metadata"]["name"].AsText(), "-", volume["name"].AsText()));
  }
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const std::string& claim = volumes[i]["persistentVolumeClaim"]["claimName"].AsText();
    if (!made.contains(claim)) continue;
    errors.Invalid(path[i] / "persistentVolumeClaim" / "claimName", Shown(claim),
                   "must not reference a PVC that gets created for an ephemeral volume");
  }
}

}  // namespace

void ValidatePodCreate(const Value& pod, const ServerBehaviour& server, FieldErrors& errors) {
  const FieldPath meta("metadata");
  const FieldPath path("spec");
  const Value& spec = pod["spec"];
  ValidateMeta(pod["metadata"], NameRule::kSubdomain, meta, server, errors);
  ValidateStandardFinalizers(pod["metadata"], meta, errors);
  ValidatePodAnnotations(pod, meta / "annotations", errors);
  ValidatePodSpec(spec, path, RulesForCreate(server), errors);
  ValidateOwnClaims(pod, path / "volumes", errors);
  ValidateImages(spec["containers"], path / "containers", errors);
  ValidateImages(spec["initContainers"], path / "initContainers", errors);
  if (spec["ephemeralContainers"].size() > 0) {
    errors.Forbidden(path / "ephemeralContainers", "cannot be set on create");
  }
  if (!spec["nodeName"].AsText().empty() && spec["schedulingGates"].size() > 0) {
    errors.Forbidden(path / "nodeName", "cannot be set until all schedulingGates have been cleared");
  }
}

}  // namespace reprieve::admission
