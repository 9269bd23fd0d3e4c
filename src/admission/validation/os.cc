// What a pod may not ask for on the operating system that it names.
#include "admission/validation/pod_parts.h"

namespace reprieve::admission {

using document::Value;

namespace {

// A member of the pod's spec, or of its securityContext.
struct Member {
  bool in_context;
  std::string_view name;
};

constexpr Member kNotOnWindows[] = {
    {true, "appArmorProfile"},
    {true, "seLinuxOptions"},
    {true, "seccompProfile"},
    {true, "fsGroup"},
    {true, "fsGroupChangePolicy"},
    {true, "sysctls"},
    {true, "runAsUser"},
    {true, "runAsGroup"},
    {true, "supplementalGroups"},
    {true, "supplementalGroupsPolicy"},
    {true, "seLinuxChangePolicy"},
    {false, "hostUsers"},
    {false, "hostPID"},
    {false, "hostIPC"},
    {false, "shareProcessNamespace"},
};

// The order of a server that has the pod's namespaces in its securityContext.
constexpr Member kNotOnWindowsInContext[] = {
    {true, "appArmorProfile"},
    {true, "seLinuxOptions"},
    {false, "hostUsers"},
    {false, "hostPID"},
    {false, "hostIPC"},
    {true, "seccompProfile"},
    {true, "fsGroup"},
    {true, "fsGroupChangePolicy"},
    {true, "sysctls"},
    {false, "shareProcessNamespace"},
    {true, "runAsUser"},
    {true, "runAsGroup"},
    {true, "supplementalGroups"},
    {true, "supplementalGroupsPolicy"},
    {true, "seLinuxChangePolicy"},
};

constexpr std::string_view kNotInAWindowsContainer[] = {
    "appArmorProfile", "seLinuxOptions",           "seccompProfile", "capabilities", "readOnlyRootFilesystem",
    "privileged",      "allowPrivilegeEscalation", "procMount",      "runAsUser",    "runAsGroup",
};

constexpr std::string_view kWindows = "cannot be set for a windows pod";
constexpr std::string_view kLinux = "windows options cannot be set for a linux pod";

// hostPID and hostIPC are no pointers: false is as good as absent. So is an empty list of sysctls.
bool IsSet(const Value& value, std::string_view name) {
  if (name == "hostPID" || name == "hostIPC") return value.AsBool();
  if (name == "sysctls") return value.size() > 0;
  return !value.IsNull();
}

template <class Visit>
void ForEachContext(const Value& spec, const FieldPath& path, Visit visit) {
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (std::size_t i = 0; i < spec[list].size(); ++i) {
      visit(spec[list][i]["securityContext"], (path / list)[i] / "securityContext");
    }
  }
}

void ValidateWindows(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const auto check = [&](const Member& member) {
    const Value& holder = member.in_context ? pod.spec["securityContext"] : pod.spec;
    if (!IsSet(holder[member.name], member.name)) return;
    errors.Forbidden((member.in_context ? path / "securityContext" : path) / member.name, kWindows);
  };
  if (pod.rules.server.namespaces_in_spec) {
    for (const Member& member : kNotOnWindows) check(member);
  } else {
    for (const Member& member : kNotOnWindowsInContext) check(member);
  }
  ForEachContext(pod.spec, path, [&](const Value& context, const FieldPath& at) {
    for (const std::string_view name : kNotInAWindowsContainer) {
      if (!context[name].IsNull()) errors.Forbidden(at / name, kWindows);
    }
  });
}

void ValidateLinux(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  if (!pod.spec["securityContext"]["windowsOptions"].IsNull()) {
    errors.Forbidden(path / "securityContext" / "windowsOptions", kLinux);
  }
  ForEachContext(pod.spec, path, [&](const Value& context, const FieldPath& at) {
    if (!context["windowsOptions"].IsNull()) errors.Forbidden(at / "windowsOptions", kLinux);
  });
}

}  // namespace

void ValidateOs(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& os = pod.spec["os"];
  if (os.IsNull()) return;
  const std::string& name = os["name"].AsText();
  if (name.empty()) {
    errors.Required(path / "os" / "name");
  } else if (name == "linux") {
    ValidateLinux(pod, path, errors);
  } else if (name == "windows") {
    ValidateWindows(pod, path, errors);
  } else {
    errors.NotSupported(path / "os", name, {"linux", "windows"});
  }
}

}  // namespace reprieve::admission
