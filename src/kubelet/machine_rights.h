// What a pod's security contexts and mounts ask for that this machine and user can't give, found before anything
// starts.
//
// Source: what the runtime does with a ContainerSpec; the kubelet's runAsNonRoot. It looks whether directories are
// there; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kubelet/field_support.h"
#include "model/core.h"

namespace reprieve::kubelet {

struct MachineRights {
  // Containers have mounts of their own; else why not, for people.
  bool own_mounts = true;
  std::string why_no_mounts = {};
  // Reprieve is root and may become any user; else every program runs as it does.
  bool may_change_user = true;
  std::uint32_t user = 0;
  std::uint32_t group = 0;
};

// What a container engine allows, as far as it can be known beforehand: everything; who an image's user is it says
// later.
inline const MachineRights kRightsOfAnEngine = {.user = 65534, .group = 65534};

// Whether the answer depends on the machine at all: finding out about it takes some 2 ms.
bool AsksForRights(const core::PodSpec& spec);

// Refused or warned of, with paths below the pod's spec: containers[0].securityContext.runAsUser. What would run as
// root against its word is warned of: it waits, as on a cluster.
std::vector<FieldFinding> BeyondRights(const core::PodSpec& spec, const MachineRights& rights);

}  // namespace reprieve::kubelet
