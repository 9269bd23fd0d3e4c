#include <algorithm>

#include "admission/validation/pod_parts.h"

namespace reprieve::admission {

using document::Value;

namespace {

bool AnyHas(const Value& list, std::string_view member, const std::string& text) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const Value& item) { return item[member].AsText() == text; });
}

void ValidatePropagation(const Value& container, const Value& mount, const FieldPath& path, FieldErrors& errors) {
  const Value& propagation = mount["mountPropagation"];
  if (propagation.IsNull()) return;
  ValidateOptionalChoice(propagation, {"Bidirectional", "HostToContainer", "None"}, path, errors);
  if (propagation.AsText() == "Bidirectional" && !container["securityContext"]["privileged"].AsBool()) {
    errors.Forbidden(path, "Bidirectional mount propagation is available only to privileged containers");
  }
}

void ValidateRecursiveReadOnly(const Value& mount, const FieldPath& path, FieldErrors& errors) {
  const Value& mode = mount["recursiveReadOnly"];
  if (mode.IsNull() || mode.AsText() == "Disabled") return;
  if (mode.AsText() != "Enabled" && mode.AsText() != "IfPossible") {
    return errors.NotSupported(path, mode.AsText(), {"Disabled", "Enabled", "IfPossible"});
  }
  if (!mount["readOnly"].AsBool()) errors.Forbidden(path, "may only be specified when readOnly is true");
  const Value& propagation = mount["mountPropagation"];
  if (!propagation.IsNull() && propagation.AsText() != "None") {
    errors.Forbidden(path, "may only be specified when mountPropagation is None or not specified");
  }
}

void ValidateVolumeMounts(const Value& container, const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& mounts = container["volumeMounts"];
  const Value& devices = container["volumeDevices"];
  Names points;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const Value& mount = mounts[i];
    const std::string& name = mount["name"].AsText();
    const std::string& point = mount["mountPath"].AsText();
    if (name.empty()) errors.Required(path[i] / "name");
    if (pod.Volume(name) == nullptr) errors.NotFound(path[i] / "name", Shown(name));
    if (point.empty()) errors.Required(path[i] / "mountPath");
    if (!points.insert(point).second) errors.Invalid(path[i] / "mountPath", Shown(point), "must be unique");
    if (AnyHas(devices, "name", name)) {
      errors.Invalid(path[i] / "name", Shown(name), "must not already exist in volumeDevices");
    }
    if (AnyHas(devices, "devicePath", point)) {
      errors.Invalid(path[i] / "mountPath", Shown(point), "must not already exist as a path in volumeDevices");
    }
    const std::string& sub_path = mount["subPath"].AsText();
    if (!sub_path.empty()) ValidateDescendingPath(sub_path, path / "subPath", errors);
    const std::string& expression = mount["subPathExpr"].AsText();
    if (!expression.empty()) {
      if (!sub_path.empty()) {
        errors.Invalid(path[i] / "subPathExpr", Shown(expression), "subPathExpr and subPath are mutually exclusive");
      }
      ValidateDescendingPath(expression, path / "subPathExpr", errors);
    }
    ValidatePropagation(container, mount, path / "mountPropagation", errors);
    ValidateRecursiveReadOnly(mount, path / "recursiveReadOnly", errors);
  }
}

bool IsBlockSource(const Value& volume) {
  return !volume["persistentVolumeClaim"].IsNull() || !volume["ephemeral"].IsNull();
}

void ValidateVolumeDevices(const Value& container, const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& devices = container["volumeDevices"];
  const Value& mounts = container["volumeMounts"];
  Names names;
  Names paths;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string& name = devices[i]["name"].AsText();
    const std::string& point = devices[i]["devicePath"].AsText();
    const Value* volume = pod.Volume(name);
    if (name.empty()) errors.Required(path[i] / "name");
    if (names.contains(name)) errors.Invalid(path[i] / "name", Shown(name), "must be unique");
    if (volume == nullptr) {
      errors.NotFound(path[i] / "name", Shown(name));
    } else if (!IsBlockSource(*volume)) {
      errors.Invalid(path[i] / "name", Shown(name),
                     "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (point.empty()) errors.Required(path[i] / "devicePath");
    if (paths.contains(point)) errors.Invalid(path[i] / "devicePath", Shown(point), "must be unique");
    FieldErrors backsteps;
    ValidateNoBacksteps(point, path, backsteps);
    if (!backsteps.empty()) {
      errors.Invalid(path[i] / "devicePath", Shown(point), "can not contain backsteps ('..')");
    } else {
      paths.insert(point);
    }
    if (AnyHas(mounts, "name", name)) {
      errors.Invalid(path[i] / "name", Shown(name), "must not already exist in volumeMounts");
    }
    if (AnyHas(mounts, "mountPath", point)) {
      errors.Invalid(path[i] / "devicePath", Shown(point), "must not already exist as a path in volumeMounts");
    }
    if (!name.empty()) names.insert(name);
  }
}

}  // namespace

void ValidateMounts(const Value& container, const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  ValidateVolumeMounts(container, pod, path / "volumeMounts", errors);
  ValidateVolumeDevices(container, pod, path / "volumeDevices", errors);
}

}  // namespace reprieve::admission
