// What happens to the Jobs, Services and claims of a JobSet that is going or gone: the garbage collector's part.
//
// Pure: no I/O, no clock, no lock. Called on the engine's thread.
#pragma once

#include <string>
#include <vector>

#include "controllers/jobset/view.h"
#include "world/plan.h"

namespace reprieve::controllers {

// Objects beside Jobs that name the JobSet as their controller.
struct OwnedByJobSet {
  std::vector<const core::Service*> services;
  std::vector<const core::PersistentVolumeClaim*> claims;
};

[[nodiscard]] world::Plan ReconcileJobSetCleanup(const JobSetView& view, const OwnedByJobSet& owned,
                                                 const meta::ObjectKey& jobset, const meta::Uid& uid);

}  // namespace reprieve::controllers
