// The text of a pod's own /etc/hosts. Source: the kubelet's ensureHostsFile. Pure; safe from any thread.
#pragma once

#include <string>

#include "runtime/runtime.h"

namespace reprieve::runtime {

// As the kubelet writes it, with the pod's own name where its network is the host's.
std::string HostsFile(const PodSandboxSpec& spec);

}  // namespace reprieve::runtime
