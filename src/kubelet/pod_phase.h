// A pod's phase and conditions, derived from the states of its containers.
//
// Source: spec/job.md 4.1; the kubelet's conditions Initialized, ContainersReady and Ready. Pure.
#pragma once

#include "model/core.h"

namespace reprieve::kubelet {

// `ended`: no container of the pod will ever run again.
core::PodPhase PhaseOf(const core::PodSpec& spec, const core::PodStatus& status, bool ended);

// Writes Initialized, ContainersReady and Ready to `status`, from its phase and container statuses. A condition whose
// status is unchanged keeps its lastTransitionTime; all other conditions stay.
void SetConditions(const core::PodSpec& spec, Time now, core::PodStatus& status);
void SetCondition(std::string_view type, bool holds, std::string_view reason, std::string_view message, Time now,
                  core::PodStatus& status);

}  // namespace reprieve::kubelet
