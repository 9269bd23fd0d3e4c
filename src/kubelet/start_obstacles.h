// What would keep a container from ever starting, whatever the machine allows, and is known before it is tried: mount
// paths that are none, folders that can't be made, huge pages. What a kubelet would do all the same, if hardly on
// purpose, is warned of: subPaths that are not there, variables that nothing sets, hooks by tcpSocket.
//
// Source: what MakeContainerSpec, PodVolumes and the runtime fail with. It looks at the machine's files; safe from any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kubelet/field_support.h"
#include "kubelet/settings.h"
#include "model/core.h"

namespace reprieve::kubelet {

struct PodOrigin {
  std::string name_space;
  bool indexed = false;  // its Job gives it JOB_COMPLETION_INDEX
};

// Whether a user that is not root may work there, as far as modes say it.
bool MayEnter(const std::string& directory, std::uint32_t user, std::uint32_t group);

// Refused or warned of, with paths below the pod's spec: containers[0].volumeMounts[1].mountPath.
// `directory`: where containers work that name none.
std::vector<FieldFinding> StartObstacles(const core::PodSpec& spec, const PodOrigin& origin, const Settings& settings,
                                         const std::string& directory);

}  // namespace reprieve::kubelet
