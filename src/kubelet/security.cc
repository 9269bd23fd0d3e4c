#include "kubelet/security.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kAll = "all";
constexpr std::string_view kSeccompFolder = "/var/lib/kubelet/seccomp/";
constexpr std::uint64_t kEveryCapability = ~std::uint64_t{0} >> 1;

// In the order of their numbers (linux/capability.h).
constexpr std::string_view kCapabilities[] = {"CHOWN",
                                              "DAC_OVERRIDE",
                                              "DAC_READ_SEARCH",
                                              "FOWNER",
                                              "FSETID",
                                              "KILL",
                                              "SETGID",
                                              "SETUID",
                                              "SETPCAP",
                                              "LINUX_IMMUTABLE",
                                              "NET_BIND_SERVICE",
                                              "NET_BROADCAST",
                                              "NET_ADMIN",
                                              "NET_RAW",
                                              "IPC_LOCK",
                                              "IPC_OWNER",
                                              "SYS_MODULE",
                                              "SYS_RAWIO",
                                              "SYS_CHROOT",
                                              "SYS_PTRACE",
                                              "SYS_PACCT",
                                              "SYS_ADMIN",
                                              "SYS_BOOT",
                                              "SYS_NICE",
                                              "SYS_RESOURCE",
                                              "SYS_TIME",
                                              "SYS_TTY_CONFIG",
                                              "MKNOD",
                                              "LEASE",
                                              "AUDIT_WRITE",
                                              "AUDIT_CONTROL",
                                              "SETFCAP",
                                              "MAC_OVERRIDE",
                                              "MAC_ADMIN",
                                              "SYSLOG",
                                              "WAKE_ALARM",
                                              "BLOCK_SUSPEND",
                                              "AUDIT_READ",
                                              "PERFMON",
                                              "BPF",
                                              "CHECKPOINT_RESTORE"};

// Null: neither says anything. Pods have not all the fields that containers have.
const core::Value& Effective(const core::PodSpec& pod, const core::Container& container, std::string_view field) {
  const core::Value& own = container.rest["securityContext"][field];
  return own.IsNull() ? pod.rest["securityContext"][field] : own;
}

std::optional<std::uint32_t> Number(const core::Value& value) {
  if (!value.IsNumber()) return std::nullopt;
  return static_cast<std::uint32_t>(value.AsInt());
}

// `name`: in small letters.
bool Names(const core::Value& list, std::string_view name) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const core::Value& item) { return ToLower(item.AsText()) == name; });
}

std::uint64_t SetOf(const core::Value& names) {
  std::uint64_t out = 0;
  for (const core::Value& name : names.items()) {
    if (const auto number = CapabilityNumber(name.AsText())) out |= std::uint64_t{1} << *number;
  }
  return out;
}

// As container runtimes do it: ALL first, of both that which is dropped; then what is added, then what is dropped.
std::uint64_t CapabilitiesOf(const core::Value& capabilities, std::uint64_t usual) {
  const core::Value& add = capabilities["add"];
  const core::Value& drop = capabilities["drop"];
  if (Names(add, kAll)) usual = kEveryCapability;
  if (Names(drop, kAll)) usual = 0;
  return (usual | SetOf(add)) & ~SetOf(drop);
}

}  // namespace

std::uint64_t UsualCapabilities() {
  constexpr std::string_view kUsual[] = {"CHOWN",   "DAC_OVERRIDE", "FSETID",      "FOWNER",          "MKNOD",
                                         "NET_RAW", "SETGID",       "SETUID",      "SETFCAP",         "SETPCAP",
                                         "KILL",    "SYS_CHROOT",   "AUDIT_WRITE", "NET_BIND_SERVICE"};
  static const std::uint64_t set = [&] {
    std::uint64_t out = 0;
    for (const std::string_view name : kUsual) out |= std::uint64_t{1} << *CapabilityNumber(name);
    return out;
  }();
  return set;
}

Security SecurityOf(const core::PodSpec& pod, const core::Container& container, std::uint32_t user) {
  const core::Value& own = container.rest["securityContext"];
  Security out;
  out.user = Number(Effective(pod, container, "runAsUser"));
  out.group = Number(Effective(pod, container, "runAsGroup"));
  out.non_root = Effective(pod, container, "runAsNonRoot").AsBool();
  out.privileged = own["privileged"].AsBool();
  out.read_only_root = own["readOnlyRootFilesystem"].AsBool();
  const core::Value& of_pod = pod.rest["securityContext"];
  for (const core::Value& group : of_pod["supplementalGroups"].items()) {
    if (const auto number = Number(group)) out.groups.push_back(*number);
  }
  if (const auto group = Number(of_pod["fsGroup"])) out.groups.push_back(*group);
  out.groups_of_account = of_pod["supplementalGroupsPolicy"].AsText() != "Strict";
  const core::Value& capabilities = own["capabilities"];
  if (!out.privileged && user == 0) {
    out.privileges.capabilities = CapabilitiesOf(capabilities, UsualCapabilities());
  } else if (!out.privileged && capabilities["drop"].size() > 0) {
    out.privileges.capabilities = CapabilitiesOf(capabilities, kEveryCapability);
  }
  const core::Value& escalation = own["allowPrivilegeEscalation"];
  out.privileges.no_new = escalation.IsBool() && !escalation.AsBool();
  return out;
}

std::optional<std::string> WhyRoot(const Security& security, std::uint32_t user) {
  if (!security.non_root) return std::nullopt;
  if (security.user) {
    if (*security.user != 0) return std::nullopt;
    return "container's runAsUser breaks non-root policy";
  }
  if (user != 0) return std::nullopt;
  return "container has runAsNonRoot and image will run as root";
}

std::optional<int> CapabilityNumber(std::string_view name) {
  const std::string lower = ToLower(name.starts_with("CAP_") ? name.substr(4) : name);
  const auto* at = std::find_if(std::begin(kCapabilities), std::end(kCapabilities),
                                [&](std::string_view known) { return ToLower(known) == lower; });
  if (at == std::end(kCapabilities)) return std::nullopt;
  return static_cast<int>(at - std::begin(kCapabilities));
}

std::vector<std::string> CapabilityNames(std::uint64_t set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::size(kCapabilities); ++i) {
    if ((set >> i & 1) != 0) out.emplace_back(kCapabilities[i]);
  }
  return out;
}

std::string SeccompProfileOf(const core::PodSpec& pod, const core::Container& container) {
  const core::Value& profile = Effective(pod, container, "seccompProfile");
  const std::string& type = profile["type"].AsText();
  if (type == "Unconfined") return "unconfined";
  return type == "Localhost" ? Cat(kSeccompFolder, profile["localhostProfile"].AsText()) : std::string();
}

std::string AppArmorProfileOf(const core::PodSpec& pod, const core::Container& container) {
  const core::Value& profile = Effective(pod, container, "appArmorProfile");
  const std::string& type = profile["type"].AsText();
  if (type == "Unconfined") return "unconfined";
  return type == "Localhost" ? profile["localhostProfile"].AsText() : std::string();
}

}  // namespace reprieve::kubelet
