// Why pods fit no node even with nothing else running, at the field that asks for too much: what is wanted, what there
// is, and how to go on.
//
// Pure; safe from any thread.
#pragma once

#include <vector>

#include "kubelet/field_support.h"
#include "model/core.h"
#include "scheduler/placement.h"

namespace reprieve::cli {

// With paths below the pod's spec; none if a node takes it.
std::vector<kubelet::FieldFinding> WhyNoPlace(const core::PodSpec& spec, const std::vector<scheduler::Node>& nodes);

}  // namespace reprieve::cli
