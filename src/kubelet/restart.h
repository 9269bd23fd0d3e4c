// Whether a container that has exited runs again.
//
// Source: spec/job.md 4.4; KEP-753 (sidecars), KEP-5307 and KEP-5532 (container restart rules). Pure.
#pragma once

#include <cstdint>

#include "model/core.h"

namespace reprieve::kubelet {

enum class AfterExit : std::uint8_t { kStay, kRestart, kRestartAll };

// By the container's own rules, then its own policy, then the pod's. `init`: it is an init container.
AfterExit JudgeExit(const core::PodSpec& pod, const core::Container& container, bool init, std::int32_t exit_code);

// Whether a container that was stopped for a failed probe runs again. Its exit code does not matter: the kubelet
// decides before it stops the container.
bool RestartsAfterFailedProbe(const core::PodSpec& pod, const core::Container& container);

// A pod's containers as one sequence: the init containers, then the regular ones.
inline std::size_t ContainerCount(const core::PodSpec& pod) {
  return pod.init_containers.size() + pod.containers.size();
}
inline bool IsInit(const core::PodSpec& pod, std::size_t container) {
  return container < pod.init_containers.size();
}
inline const core::Container& ContainerAt(const core::PodSpec& pod, std::size_t container) {
  return IsInit(pod, container) ? pod.init_containers[container]
                                : pod.containers[container - pod.init_containers.size()];
}
inline bool IsSidecar(const core::PodSpec& pod, std::size_t container) {
  return IsInit(pod, container) && pod.init_containers[container].IsSidecar();
}

}  // namespace reprieve::kubelet
