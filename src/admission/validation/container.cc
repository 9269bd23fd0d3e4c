#include "admission/validation/pod_parts.h"
#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::size_t kMaxRestartRules = 20;
constexpr std::size_t kMaxExitCodes = 255;

void ValidatePorts(const Value& ports, const FieldPath& path, FieldErrors& errors) {
  Names seen;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Value& port = ports[i];
    const std::string& name = port["name"].AsText();
    if (!name.empty()) {
      const Faults faults = PortNameFaults(name);
      AddFaults(faults, path[i] / "name", name, errors);
      if (faults.empty() && !seen.insert(name).second) errors.Duplicate(path[i] / "name", Shown(name));
    }
    const std::int64_t container_port = port["containerPort"].AsInt();
    if (container_port == 0) {
      errors.Required(path[i] / "containerPort");
    } else {
      ValidatePortNumberOrName(port["containerPort"], path[i] / "containerPort", errors);
    }
    if (port["hostPort"].AsInt() != 0) ValidatePortNumberOrName(port["hostPort"], path[i] / "hostPort", errors);
    ValidateChoice(port["protocol"], {"SCTP", "TCP", "UDP"}, path[i] / "protocol", errors);
  }
}

void ValidateResizePolicy(const Value& policies, std::string_view restart_policy, const FieldPath& path,
                          FieldErrors& errors) {
  Names seen;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const Value& resource = policies[i]["resourceName"];
    if (!seen.insert(resource.AsText()).second) errors.Duplicate(path[i], Shown(resource));
    ValidateChoice(resource, {"cpu", "memory"}, path, errors);
    const std::string& policy = policies[i]["restartPolicy"].AsText();
    ValidateChoice(policies[i]["restartPolicy"], {"NotRequired", "RestartContainer"}, path, errors);
    if (restart_policy == "Never" && policy != "NotRequired") {
      errors.Invalid(path, Shown(policy), "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    }
  }
}

void ValidateCommon(const Value& container, const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const std::string& name = container["name"].AsText();
  if (name.empty()) {
    errors.Required(path / "name");
  } else {
    AddFaults(DnsLabelFaults(name), path / "name", name, errors);
  }
  if (container["image"].AsText().empty()) errors.Required(path / "image");
  ValidateChoice(container["terminationMessagePolicy"], {"File", "FallbackToLogsOnError"},
                 path / "terminationMessagePolicy", errors);
  ValidatePorts(container["ports"], path / "ports", errors);
  ValidateEnv(container["env"], path / "env", errors);
  ValidateEnvFrom(container["envFrom"], path / "envFrom", errors);
  ValidateMounts(container, pod, path, errors);
  ValidateChoice(container["imagePullPolicy"], {"Always", "IfNotPresent", "Never"}, path / "imagePullPolicy", errors);
  ValidateResources(container["resources"], pod.claims, path / "resources", errors);
  ValidateResizePolicy(container["resizePolicy"], pod.spec["restartPolicy"].AsText(), path / "resizePolicy", errors);
  ValidateContainerSecurity(container["securityContext"], pod, path / "securityContext", errors);
}

void ValidateRestartRules(const Value& container, const FieldPath& path, FieldErrors& errors) {
  const Value& policy = container["restartPolicy"];
  const Value& rules = container["restartPolicyRules"];
  if (policy.IsNull() && rules.size() > 0) {
    errors.Required(path / "restartPolicy", "must specify restartPolicy when restart rules are used");
  }
  ValidateOptionalChoice(policy, {"Always", "Never", "OnFailure"}, path / "restartPolicy", errors);
  const FieldPath rules_path = path / "restartPolicyRules";
  if (rules.size() > kMaxRestartRules) errors.TooMany(rules_path, rules.size(), kMaxRestartRules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Value& codes = rules[i]["exitCodes"];
    if (rules[i]["action"].AsText() != "Restart" && rules[i]["action"].AsText() != "RestartAllContainers") {
      errors.NotSupported(rules_path[i] / "action", rules[i]["action"].AsText(), {"Restart", "RestartAllContainers"});
    }
    if (codes.IsNull()) {
      errors.Required(rules_path[i] / "exitCodes", "must be specified");
      continue;
    }
    const std::string& op = codes["operator"].AsText();
    if (op != "In" && op != "NotIn") errors.NotSupported(rules_path[i] / "exitCodes" / "operator", op, {"In", "NotIn"});
    const std::size_t count = codes["values"].size();
    if (count > kMaxExitCodes) errors.TooMany(rules_path[i] / "exitCodes" / "values", count, kMaxExitCodes);
  }
}

// One port of the host can't be two containers'.
void ValidateHostPorts(const Value& container, const FieldPath& path, Names& taken, FieldErrors& errors) {
  const Value& ports = container["ports"];
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::int64_t number = ports[i]["hostPort"].AsInt();
    if (number == 0) continue;
    const std::string port = Cat(ports[i]["protocol"].AsText(), "/", ports[i]["hostIP"].AsText(), "/", number);
    if (!taken.insert(port).second) errors.Duplicate((path / "ports")[i] / "hostPort", Shown(port));
  }
}

}  // namespace

void ValidateContainers(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& containers = pod.spec["containers"];
  if (containers.size() == 0) return errors.Required(path);
  Names names;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Value& container = containers[i];
    ValidateCommon(container, pod, path[i], errors);
    const std::string& name = container["name"].AsText();
    if (!names.insert(name).second) errors.Duplicate(path[i] / "name", Shown(name));
    ValidateProbesAndLifecycle(container, pod.spec, path[i], errors);
    ValidateRestartRules(container, path[i], errors);
  }
  Names host_ports;
  for (std::size_t i = 0; i < containers.size(); ++i) ValidateHostPorts(containers[i], path[i], host_ports, errors);
}

void ValidateInitContainers(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kOnlySidecars = "may not be set for init containers without restartPolicy=Always";
  const Value& containers = pod.spec["initContainers"];
  Names names;
  for (const Value& container : pod.spec["containers"].items()) names.insert(container["name"].AsText());
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Value& container = containers[i];
    ValidateCommon(container, pod, path[i], errors);
    ValidateRestartRules(container, path[i], errors);
    const std::string& name = container["name"].AsText();
    if (names.contains(name)) errors.Duplicate(path[i] / "name", Shown(name));
    if (!name.empty()) names.insert(name);
    Names host_ports;  // they run one after another
    ValidateHostPorts(container, path[i], host_ports, errors);
    if (container["restartPolicy"].AsText() == "Always") {
      ValidateProbesAndLifecycle(container, pod.spec, path[i], errors);
      continue;
    }
    for (const std::string_view member : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
      if (!container[member].IsNull()) errors.Forbidden(path[i] / member, kOnlySidecars);
    }
    if (pod.rules.allow_restart_of_init_containers) continue;
    for (std::size_t j = 0; j < container["resizePolicy"].size(); ++j) {
      const Value& policy = container["resizePolicy"][j]["restartPolicy"];
      if (policy.AsText() != "RestartContainer") continue;
      errors.Invalid((path[i] / "resizePolicy")[j] / "restartPolicy", Shown(policy),
                     "must not be set to 'RestartContainer' for non-sidecar initContainers");
    }
  }
}

}  // namespace reprieve::admission
