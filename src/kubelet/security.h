// What the security contexts of a pod and of a container say together, the container's word first.
//
// Source: the API's PodSecurityContext and SecurityContext; the kubelet's determineEffectiveSecurityContext and
// verifyRunAsNonRoot; how container runtimes make up a set of capabilities. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/core.h"
#include "runtime/runtime.h"

namespace reprieve::kubelet {

// What a container runtime gives root in a container that names no capabilities, a bit each.
std::uint64_t UsualCapabilities();

struct Security {
  std::optional<std::uint32_t> user;
  std::optional<std::uint32_t> group;
  // supplementalGroups, and fsGroup last.
  std::vector<std::uint32_t> groups;
  // supplementalGroupsPolicy: those that /etc/group gives the user as well.
  bool groups_of_account = true;
  bool non_root = false;
  bool privileged = false;
  bool read_only_root = false;
  runtime::Privileges privileges;
};

// `user`: who would run it if it names nobody. Where that is root, capabilities are those of a container; else an
// ordinary user's program has none that could be taken from it.
Security SecurityOf(const core::PodSpec& pod, const core::Container& container, std::uint32_t user);

// What runAsNonRoot has against the container, with the kubelet's words; nothing if it may run. `user`: who would run
// it if it names nobody.
std::optional<std::string> WhyRoot(const Security& security, std::uint32_t user);

// The number of a Linux capability, as manifests call it ("NET_ADMIN", in any case, with or without CAP_); nothing if
// there is none.
std::optional<int> CapabilityNumber(std::string_view name);

// Those of a set, in the order of their numbers.
std::vector<std::string> CapabilityNames(std::uint64_t set);

// For a container in an image: the path of a profile below the kubelet's folder of them, or "unconfined"; empty: that
// of its runtime.
std::string SeccompProfileOf(const core::PodSpec& pod, const core::Container& container);
// The same by name.
std::string AppArmorProfileOf(const core::PodSpec& pod, const core::Container& container);

}  // namespace reprieve::kubelet
