// Taints of nodes, and which pods stay or come in spite of them.
//
// Source: core/v1 Toleration; the scheduler's filter TaintToleration and the taint eviction controller. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/core.h"

namespace reprieve::scheduler {

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // NoSchedule, NoExecute; any other does not keep a pod away
};

bool Tolerates(const core::Toleration& toleration, const Taint& taint);
// The first that keeps the pod away; null: none.
const Taint* UntoleratedTaint(const std::vector<Taint>& taints, const std::vector<core::Toleration>& tolerations);

// How long a pod stays once its node has this NoExecute taint: not at all, or the least of its tolerations' times;
// nullopt: forever.
std::optional<Nanoseconds> StaysWith(const Taint& taint, const std::vector<core::Toleration>& tolerations);

}  // namespace reprieve::scheduler
