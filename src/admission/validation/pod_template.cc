#include <algorithm>
#include <map>

#include "admission/validation/object_meta.h"
#include "admission/validation/pod.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kMaxInt32 = 2147483647;
constexpr std::size_t kMaxHostname = 64;
constexpr std::size_t kMaxNameservers = 3;
constexpr std::size_t kMaxSearches = 32;
constexpr std::size_t kMaxSearchCharacters = 2048;
constexpr std::string_view kAppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";

bool HasContainer(const Value& spec, std::string_view name) {
  for (const std::string_view list : {"containers", "initContainers", "ephemeralContainers"}) {
    for (const Value& container : spec[list].items()) {
      if (container["name"].AsText() == name) return true;
    }
  }
  return false;
}

void ValidateDnsConfig(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& config = spec["dnsConfig"];
  const Value& servers = config["nameservers"];
  if (spec["dnsPolicy"].AsText() == "None") {
    if (config.IsNull()) return errors.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (servers.size() == 0) {
      return errors.Required(path / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  if (servers.size() > kMaxNameservers) {
    errors.Invalid(path / "nameservers", document::WriteJson(servers),
                   Cat("must not have more than ", kMaxNameservers, " nameservers"));
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    AddFaults(IpFaults(servers[i].AsText()), (path / "nameservers")[i], servers[i].AsText(), errors);
  }
  const Value& searches = config["searches"];
  if (searches.size() > kMaxSearches) {
    errors.Invalid(path / "searches", document::WriteJson(searches),
                   Cat("must not have more than ", kMaxSearches, " search paths"));
  }
  std::size_t characters = searches.size() > 0 ? searches.size() - 1 : 0;
  for (const Value& search : searches.items()) characters += search.AsText().size();
  if (characters > kMaxSearchCharacters) {
    errors.Invalid(
        path / "searches", document::WriteJson(searches),
        Cat("must not have more than ", kMaxSearchCharacters, " characters (including spaces) in the search list"));
  }
  for (std::size_t i = 0; i < searches.size(); ++i) {
    std::string_view search = searches[i].AsText();
    if (search == ".") continue;
    if (search.ends_with('.')) search.remove_suffix(1);
    AddFaults(DnsSubdomainWithUnderscoreFaults(search), (path / "searches")[i], search, errors);
  }
  const Value& options = config["options"];
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i]["name"].AsText().empty()) errors.Required((path / "options")[i], "must not be empty");
  }
}

void ValidateReadinessGates(const Value& gates, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const std::string& type = gates[i]["conditionType"].AsText();
    AddFaults(QualifiedNameFaults(type), path[i] / "conditionType", type, errors);
  }
}

void ValidateSchedulingGates(const Value& gates, const FieldPath& path, FieldErrors& errors) {
  Names seen;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const std::string& name = gates[i]["name"].AsText();
    AddFaults(QualifiedNameFaults(name), path[i], name, errors);
    if (!seen.insert(name).second) errors.Duplicate(path[i], Shown(name));
  }
}

// On the host's network a port is the same inside and out. Absent, it becomes so when the pod is created.
void ValidateHostNetwork(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec["hostNetwork"].AsBool()) return;
  const Value& containers = spec["containers"];
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Value& ports = containers[i]["ports"];
    for (std::size_t j = 0; j < ports.size(); ++j) {
      const std::int64_t host = ports[j]["hostPort"].AsInt();
      if (host == 0 || host == ports[j]["containerPort"].AsInt()) continue;
      errors.Invalid((path[i] / "ports")[j] / "hostPort", Shown(host),
                     "must match `containerPort` when `hostNetwork` is true");
    }
  }
}

void ValidateHostUsers(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec["hostUsers"].IsNull() || spec["hostUsers"].AsBool()) return;
  constexpr std::string_view kWhy = "when `hostUsers` is false";
  if (spec["hostNetwork"].AsBool()) errors.Forbidden(path / "hostNetwork", kWhy);
  // So the server calls them.
  if (spec["hostPID"].AsBool()) errors.Forbidden(path / "HostPID", kWhy);
  if (spec["hostIPC"].AsBool()) errors.Forbidden(path / "HostIPC", kWhy);
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (std::size_t i = 0; i < spec[list].size(); ++i) {
      if (spec[list][i]["volumeDevices"].size() > 0) errors.Forbidden((path / list)[i] / "volumeDevices", kWhy);
    }
  }
}

void ValidateHostAliases(const Value& aliases, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    AddFaults(IpFaults(aliases[i]["ip"].AsText()), path[i] / "ip", aliases[i]["ip"].AsText(), errors);
    const Value& names = aliases[i]["hostnames"];
    for (std::size_t j = 0; j < names.size(); ++j) {
      AddFaults(DnsSubdomainFaults(names[j].AsText()), (path[i] / "hostnames")[j], names[j].AsText(), errors);
    }
  }
}

// Names that may be absent or empty.
void ValidateNames(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  struct Rule {
    std::string_view member;
    Faults (*faults)(std::string_view);
  };
  const auto check = [&](const Rule& rule) {
    const Value& name = spec[rule.member];
    if (!name.AsText().empty()) AddFaults(rule.faults(name.AsText()), path / rule.member, name.AsText(), errors);
  };
  check({"serviceAccountName", DnsSubdomainFaults});
  check({"nodeName", DnsSubdomainFaults});
  const Value& deadline = spec["activeDeadlineSeconds"];
  if (!deadline.IsNull() && (deadline.AsInt() < 1 || deadline.AsInt() > kMaxInt32)) {
    errors.Invalid(path / "activeDeadlineSeconds", Shown(deadline), "must be between 1 and 2147483647, inclusive");
  }
  check({"hostname", DnsLabelFaults});
  check({"subdomain", DnsLabelFaults});
}

void ValidateHostnameOverride(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& name = spec["hostnameOverride"];
  if (name.IsNull()) return;
  if (spec["setHostnameAsFQDN"].AsBool()) {
    errors.Forbidden(path / "hostnameOverride", "may not be specified when setHostnameAsFQDN is true");
  }
  if (spec["hostNetwork"].AsBool()) {
    errors.Forbidden(path / "hostnameOverride", "may not be specified when hostNetwork is true");
  }
  if (name.AsText().size() > kMaxHostname) errors.TooLong(path / "hostnameOverride", kMaxHostname);
  AddFaults(DnsSubdomainFaults(name.AsText()), path / "hostnameOverride", name.AsText(), errors);
}

// Files of variables are written by an init container: into an emptyDir.
void ValidateFileKeyVolumes(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  std::map<std::string_view, const Value*> volumes;
  for (const Value& volume : spec["volumes"].items()) volumes[volume["name"].AsText()] = &volume;
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (std::size_t i = 0; i < spec[list].size(); ++i) {
      const Value& variables = spec[list][i]["env"];
      for (std::size_t j = 0; j < variables.size(); ++j) {
        const Value& file = variables[j]["valueFrom"]["fileKeyRef"];
        if (file.IsNull()) continue;
        const std::string& name = file["volumeName"].AsText();
        const FieldPath at = ((path / list)[i] / "env")[j] / "valueFrom" / "fileKeyRef" / "volumeName";
        const auto volume = volumes.find(name);
        if (volume == volumes.end()) {
          errors.NotFound(at, Shown(name));
        } else if ((*volume->second)["emptyDir"].IsNull()) {
          errors.Invalid(at, Shown(name), "referenced volume must be of type emptyDir");
        }
      }
    }
  }
}

}  // namespace

void ValidateAppArmorAnnotations(const Value& pod_template, const FieldPath& path, FieldErrors& errors) {
  for (const auto& member : pod_template["metadata"]["annotations"].members()) {
    if (!member.key.starts_with(kAppArmorPrefix)) continue;
    const std::string container = member.key.substr(kAppArmorPrefix.size());
    if (!HasContainer(pod_template["spec"], container)) {
      errors.Invalid(path.Key(member.key), Shown(container), "container not found");
    }
    const std::string& profile = member.value.AsText();
    const bool known =
        profile.empty() || profile == "runtime/default" || profile == "unconfined" || profile.starts_with("localhost/");
    if (!known) {
      errors.Invalid(path.Key(member.key), Shown(profile), Cat("invalid AppArmor profile name: ", Quote(profile)));
    }
  }
}

void ValidatePodSpec(const Value& spec, const FieldPath& path, const TemplateRules& rules, FieldErrors& errors) {
  PodContext pod{spec, rules};
  for (const Value& claim : spec["resourceClaims"].items()) pod.claims.insert(claim["name"].AsText());
  ValidateVolumes(pod, path / "volumes", errors);
  ValidateResourceClaims(spec["resourceClaims"], path / "resourceClaims", errors);
  ValidateContainers(pod, path / "containers", errors);
  ValidateInitContainers(pod, path / "initContainers", errors);
  ValidatePodResources(pod, path / "resources", errors);
  ValidateHostNetwork(spec, path / "containers", errors);
  ValidateChoice(spec["restartPolicy"], {"Always", "OnFailure", "Never"}, path / "restartPolicy", errors);
  ValidateChoice(spec["dnsPolicy"], {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"}, path / "dnsPolicy",
                 errors);
  ValidateLabels(spec["nodeSelector"], path / "nodeSelector", errors);
  ValidatePodSecurity(pod, path, errors);
  ValidateAffinity(spec["affinity"], path / "affinity", errors);
  ValidateDnsConfig(spec, path / "dnsConfig", errors);
  ValidateReadinessGates(spec["readinessGates"], path / "readinessGates", errors);
  ValidateSchedulingGates(spec["schedulingGates"], path / "schedulingGates", errors);
  ValidateTopologySpread(spec["topologySpreadConstraints"], path / "topologySpreadConstraints", errors);
  ValidateHostUsers(spec, path, errors);
  ValidateHostnameOverride(spec, path, errors);
  ValidateNames(spec, path, errors);
  ValidateTolerations(spec["tolerations"], path / "tolerations", errors);
  ValidateHostAliases(spec["hostAliases"], path / "hostAliases", errors);
  const std::string& priority = spec["priorityClassName"].AsText();
  if (!priority.empty()) AddFaults(DnsSubdomainFaults(priority), path / "priorityClassName", priority, errors);
  const Value& runtime = spec["runtimeClassName"];
  if (!runtime.IsNull())
    AddFaults(DnsSubdomainFaults(runtime.AsText()), path / "runtimeClassName", runtime.AsText(), errors);
  if (!spec["preemptionPolicy"].IsNull()) {
    ValidateChoice(spec["preemptionPolicy"], {"PreemptLowerPriority", "Never"}, path / "preemptionPolicy", errors);
  }
  if (!spec["overhead"].IsNull()) {
    Value limits = Value::MakeObject();
    limits.Set("limits", spec["overhead"]);
    ValidateResources(limits, {}, path / "overhead", errors);
  }
  ValidateOs(pod, path, errors);
  ValidateFileKeyVolumes(spec, path, errors);
}

const Value* PodContext::Volume(std::string_view name) const {
  const auto found = std::find_if(volumes.begin(), volumes.end(), [&](const auto& pair) { return pair.first == name; });
  return found != volumes.end() ? found->second : nullptr;
}

void AddFaults(const Faults& faults, const FieldPath& path, std::string_view value, FieldErrors& errors) {
  for (const auto& fault : faults) errors.Invalid(path, Shown(value), fault);
}

void ValidateChoice(const Value& value, const std::vector<std::string_view>& supported, const FieldPath& path,
                    FieldErrors& errors) {
  if (value.AsText().empty()) {
    errors.Required(path);
  } else {
    ValidateOptionalChoice(value, supported, path, errors);
  }
}

void ValidateOptionalChoice(const Value& value, const std::vector<std::string_view>& supported, const FieldPath& path,
                            FieldErrors& errors) {
  if (value.IsNull() || std::find(supported.begin(), supported.end(), value.AsText()) != supported.end()) return;
  errors.NotSupported(path, value.AsText(), supported);
}

void ValidateNoBacksteps(std::string_view text, const FieldPath& path, FieldErrors& errors) {
  const auto steps = Split(text, '/');
  if (std::find(steps.begin(), steps.end(), "..") == steps.end()) return;
  errors.Invalid(path, Shown(text), "must not contain '..'");
}

void ValidateDescendingPath(std::string_view text, const FieldPath& path, FieldErrors& errors) {
  if (text.starts_with('/')) errors.Invalid(path, Shown(text), "must be a relative path");
  ValidateNoBacksteps(text, path, errors);
}

void ValidatePortNumberOrName(const Value& port, const FieldPath& path, FieldErrors& errors) {
  if (port.IsString()) {
    AddFaults(PortNameFaults(port.AsText()), path, port.AsText(), errors);
    return;
  }
  for (const auto& fault : PortNumberFaults(port.AsInt())) errors.Invalid(path, Shown(port.AsInt()), fault);
}

TemplateRules RulesForCreate(const ServerBehaviour& server) {
  return {.server = server, .require_image_reference = server.requires_image_reference};
}

TemplateRules RulesForUpdate(const Value& stored_template, const ServerBehaviour& server) {
  TemplateRules rules = RulesForCreate(server);
  const Value& spec = stored_template["spec"];
  for (const Value& volume : spec["volumes"].items()) {
    const Value& image = volume["image"];
    if (!image.IsNull() && image["reference"].AsText().empty()) rules.require_image_reference = false;
  }
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Value& container : spec[list].items()) {
      if (server.keeps_sys_admin && AddsSysAdmin(container["securityContext"])) rules.allow_sys_admin = true;
    }
  }
  for (const Value& container : spec["initContainers"].items()) {
    if (container["restartPolicy"].AsText() == "Always") continue;
    for (const Value& policy : container["resizePolicy"].items()) {
      if (policy["restartPolicy"].AsText() == "RestartContainer") rules.allow_restart_of_init_containers = true;
    }
  }
  return rules;
}

void ValidatePodTemplate(const Value& pod_template, const FieldPath& path, const TemplateRules& rules,
                         FieldErrors& errors) {
  const Value& meta = pod_template["metadata"];
  ValidateLabels(meta["labels"], path / "labels", errors);
  ValidateAnnotations(meta["annotations"], path / "annotations", errors);
  ValidateAppArmorAnnotations(pod_template, path / "annotations", errors);
  ValidatePodSpec(pod_template["spec"], path / "spec", rules, errors);
  if (pod_template["spec"]["ephemeralContainers"].size() > 0) {
    errors.Forbidden(path / "spec" / "ephemeralContainers", "ephemeral containers not allowed in pod template");
  }
}

}  // namespace reprieve::admission
