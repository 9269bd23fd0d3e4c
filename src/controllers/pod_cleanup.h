// Pod clean-up: what becomes of the pods of a Job that is finished, being deleted, or gone.
//
// Source: spec/job.md 2.2 (orphan clean-up), 5 (foreground deletion); garbage collection by owner reference.
// Pure; called on the engine's thread.
#pragma once

#include "controllers/duties.h"
#include "controllers/job/view.h"
#include "world/plan.h"

namespace reprieve::controllers {

inline constexpr std::string_view kForegroundDeletion = "foregroundDeletion";

// For a Job that is finished, deleting or gone (view.has_job() false; then `job` and `uid` say which it was): lets go
// of tracking finalizers that nobody will account for, and deletes the pods of a Job that goes, unless others do the
// housekeeping.
[[nodiscard]] world::Plan ReconcilePodCleanup(const JobView& view, const meta::ObjectKey& job, const meta::Uid& uid,
                                              Time now, const Duties& duties = {});

}  // namespace reprieve::controllers
