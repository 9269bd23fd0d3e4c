#include <algorithm>
#include <span>

#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kMaxId = 2147483647;
constexpr std::size_t kMaxAppArmorBytes = 4095;

void ValidateId(const Value& id, const FieldPath& path, FieldErrors& errors) {
  if (id.IsNull() || (id.AsInt() >= 0 && id.AsInt() <= kMaxId)) return;
  errors.Invalid(path, Shown(id), "must be between 0 and 2147483647, inclusive");
}

void ValidateSeccomp(const Value& profile, const FieldPath& path, FieldErrors& errors) {
  if (profile.IsNull()) return;
  const std::string& type = profile["type"].AsText();
  if (type.empty()) {
    errors.Required(path / "type", "type is required when seccompProfile is set");
  } else {
    ValidateOptionalChoice(profile["type"], {"Localhost", "RuntimeDefault", "Unconfined"}, path / "type", errors);
  }
  const Value& file = profile["localhostProfile"];
  const FieldPath at = path / "localhostProfile";
  if (type == "Localhost") {
    if (file.IsNull()) return errors.Required(at, "must be set when seccomp type is Localhost");
    ValidateDescendingPath(file.AsText(), at, errors);
  } else if (!file.IsNull()) {
    errors.Invalid(at, model::Dump(&profile, model::GetMessage("core/v1.SeccompProfile")),
                   "can only be set when seccomp type is Localhost");
  }
}

void ValidateAppArmor(const Value& profile, const FieldPath& path, FieldErrors& errors) {
  if (profile.IsNull()) return;
  const std::string& type = profile["type"].AsText();
  const Value& name = profile["localhostProfile"];
  const FieldPath at = path / "localhostProfile";
  if (type.empty()) {
    errors.Required(path / "type", "type is required when appArmorProfile is set");
  } else if (type == "Localhost") {
    const std::string_view trimmed = Trim(name.AsText());
    if (name.IsNull()) {
      errors.Required(at, "must be set when AppArmor type is Localhost");
    } else if (trimmed != name.AsText()) {
      errors.Invalid(at, Shown(name), "must not be padded with whitespace");
    } else if (trimmed.empty()) {
      errors.Required(at, "must be set when AppArmor type is Localhost");
    }
    if (name.AsText().size() > kMaxAppArmorBytes) errors.TooLong(at, kMaxAppArmorBytes);
  } else if (type == "RuntimeDefault" || type == "Unconfined") {
    if (!name.IsNull()) errors.Invalid(at, Shown(name), "can only be set when AppArmor type is Localhost");
  } else {
    errors.NotSupported(path / "type", type, {"Localhost", "RuntimeDefault", "Unconfined"});
  }
}

// What the IPC namespace has; kernel.shm and kernel.msg for compatibility.
constexpr std::string_view kIpcSysctls[] = {
    "kernel.sem", "kernel.shm",    "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    "kernel.msg", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",
};

bool Contains(std::span<const std::string_view> list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// net/core/x.y is net.core.x/y: the first separator tells which of the two is meant.
std::string Dotted(std::string name) {
  const std::size_t first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '.') return name;
  for (char& c : name) {
    if (c == '/') {
      c = '.';
    } else if (c == '.') {
      c = '/';
    }
  }
  return name;
}

void ValidateSysctls(const Value& spec, const Value& sysctls, const FieldPath& path, FieldErrors& errors) {
  Names seen;
  for (std::size_t i = 0; i < sysctls.size(); ++i) {
    const std::string& name = sysctls[i]["name"].AsText();
    const FieldPath at = path[i] / "name";
    if (name.empty()) {
      errors.Required(at);
    } else if (!IsSysctlName(name)) {
      errors.Invalid(at, Shown(name),
                     "must have at most 253 characters and match regex "
                     "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
    } else if (!seen.insert(name).second) {
      errors.Duplicate(at, Shown(name));
    }
    const std::string dotted = Dotted(name);
    const bool ipc = Contains(kIpcSysctls, dotted) || dotted.starts_with("fs.mqueue.");
    if (dotted.starts_with("net.") && spec["hostNetwork"].AsBool()) {
      errors.Invalid(at, Shown(name), "may not be specified when 'hostNetwork' is true");
    }
    if (ipc && spec["hostIPC"].AsBool()) {
      errors.Invalid(at, Shown(name), "may not be specified when 'hostIPC' is true");
    }
  }
}

void ValidateSharedProcesses(const Value& pod_spec, const FieldPath& path, FieldErrors& errors) {
  if (!pod_spec["shareProcessNamespace"].AsBool() || !pod_spec["hostPID"].AsBool()) return;
  errors.Invalid(path / "shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled");
}

bool Adds(const Value& context, std::string_view capability) {
  for (const Value& added : context["capabilities"]["add"].items()) {
    if (added.AsText() == capability) return true;
  }
  return false;
}

}  // namespace

bool AddsSysAdmin(const Value& context) {
  return !context["allowPrivilegeEscalation"].AsBool() && Adds(context, "CAP_SYS_ADMIN");
}

void ValidateContainerSecurity(const Value& context, const PodContext& pod, const FieldPath& path,
                               FieldErrors& errors) {
  if (context.IsNull()) return;
  const model::Message& message = model::GetMessage("core/v1.SecurityContext");
  ValidateId(context["runAsUser"], path / "runAsUser", errors);
  ValidateId(context["runAsGroup"], path / "runAsGroup", errors);
  const Value& proc = context["procMount"];
  ValidateOptionalChoice(proc, {"Default", "Unmasked"}, path / "procMount", errors);
  const Value& host_users = pod.spec["hostUsers"];
  if (proc.AsText() == "Unmasked" && (host_users.IsNull() || host_users.AsBool())) {
    errors.Invalid(path / "procMount", Shown(proc), "`hostUsers` must be false to use `Unmasked`");
  }
  ValidateSeccomp(context["seccompProfile"], path / "seccompProfile", errors);
  const Value& escalation = context["allowPrivilegeEscalation"];
  if (!escalation.IsNull() && !escalation.AsBool()) {
    if (context["privileged"].AsBool()) {
      errors.Invalid(path, model::Dump(&context, message),
                     "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    if (!pod.rules.allow_sys_admin && AddsSysAdmin(context)) {
      errors.Invalid(path, model::Dump(&context, message),
                     "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
    }
  }
  ValidateAppArmor(context["appArmorProfile"], path / "appArmorProfile", errors);
}

void ValidatePodSecurity(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& pod_spec = pod.spec;
  const bool in_spec = pod.rules.server.namespaces_in_spec;
  const Value& context = pod_spec["securityContext"];
  const FieldPath at = path / "securityContext";
  ValidateId(context["fsGroup"], at / "fsGroup", errors);
  ValidateId(context["runAsUser"], at / "runAsUser", errors);
  ValidateId(context["runAsGroup"], at / "runAsGroup", errors);
  const Value& groups = context["supplementalGroups"];
  for (std::size_t i = 0; i < groups.size(); ++i) ValidateId(groups[i], (at / "supplementalGroups")[i], errors);
  if (!in_spec) ValidateSharedProcesses(pod_spec, at, errors);
  ValidateSysctls(pod_spec, context["sysctls"], at / "sysctls", errors);
  ValidateOptionalChoice(context["fsGroupChangePolicy"], {"Always", "OnRootMismatch"}, at / "fsGroupChangePolicy",
                         errors);
  ValidateSeccomp(context["seccompProfile"], at / "seccompProfile", errors);
  ValidateAppArmor(context["appArmorProfile"], at / "appArmorProfile", errors);
  ValidateOptionalChoice(context["supplementalGroupsPolicy"], {"Merge", "Strict"}, at / "supplementalGroupsPolicy",
                         errors);
  ValidateOptionalChoice(context["seLinuxChangePolicy"], {"MountOption", "Recursive"}, at / "seLinuxChangePolicy",
                         errors);
  if (in_spec) ValidateSharedProcesses(pod_spec, path, errors);
}

}  // namespace reprieve::admission
