// Duties: which parts of a control plane these controllers play. Alone they play all of them; a cluster has others.
//
// Plain values. Source: spec/job.md 2.20.
#pragma once

#include <string_view>

#include "model/batch.h"

namespace reprieve::controllers {

struct Duties {
  // Jobs of other managers are left to those. Static storage.
  std::string_view job_manager = batch::kBuiltInController;
  // What a cluster has controllers of its own for: garbage collection, the TTL of Jobs, pods that nothing controls.
  bool housekeeping = true;

  bool ManagesJob(const batch::JobSpec& spec) const {
    return job_manager == (spec.managed_by ? std::string_view(*spec.managed_by) : batch::kBuiltInController);
  }
};

}  // namespace reprieve::controllers
