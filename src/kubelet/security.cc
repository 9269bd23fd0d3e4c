#include "kubelet/security.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kAll = "ALL";
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

bool Names(const core::Value& list, std::string_view name) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const core::Value& item) { return item.AsText() == name; });
}

std::uint64_t SetOf(const core::Value& names) {
  std::uint64_t out = 0;
  for (const core::Value& name : names.items()) {
    if (const auto number = CapabilityNumber(name.AsText())) out |= std::uint64_t{1} << *number;
  }
  return out;
}

// As container runtimes do it: ALL first, then what is added, then what is dropped. Absent: what we have.
std::optional<std::uint64_t> CapabilitiesOf(const core::Value& capabilities) {
  const core::Value& add = capabilities["add"];
  const core::Value& drop = capabilities["drop"];
  if (drop.size() == 0) return std::nullopt;
  const bool none = Names(drop, kAll) && !Names(add, kAll);
  return ((none ? 0 : kEveryCapability) | SetOf(add)) & ~SetOf(drop);
}

}  // namespace

Security SecurityOf(const core::PodSpec& pod, const core::Container& container) {
  const core::Value& own = container.rest["securityContext"];
  Security out;
  out.user = Number(Effective(pod, container, "runAsUser"));
  out.group = Number(Effective(pod, container, "runAsGroup"));
  out.non_root = Effective(pod, container, "runAsNonRoot").AsBool();
  out.privileged = own["privileged"].AsBool();
  out.read_only_root = own["readOnlyRootFilesystem"].AsBool();
  if (!out.privileged) out.privileges.capabilities = CapabilitiesOf(own["capabilities"]);
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
  if (name.starts_with("CAP_")) name.remove_prefix(4);
  const auto* at = std::find(std::begin(kCapabilities), std::end(kCapabilities), name);
  if (at == std::end(kCapabilities)) return std::nullopt;
  return static_cast<int>(at - std::begin(kCapabilities));
}

}  // namespace reprieve::kubelet
