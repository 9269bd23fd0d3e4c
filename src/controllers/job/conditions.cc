#include "controllers/job/sync.h"

namespace reprieve::controllers::job {

bool EnsureCondition(batch::JobStatus& status, std::string_view type, bool value, std::string_view reason,
                     std::string_view message, Time now) {
  const std::string_view wanted = value ? "True" : "False";
  batch::JobCondition* condition = status.FindCondition(type);
  if (condition == nullptr) {
    if (!value) return false;  // a False condition is never added from nothing
    condition = &status.conditions.emplace_back();
    condition->type = type;
  } else if (condition->status == wanted && condition->reason == reason && condition->message == message) {
    return false;
  }
  condition->status = wanted;
  condition->reason = reason;
  condition->message = message;
  condition->last_probe_time = condition->last_transition_time = TruncateToSeconds(now);
  return true;
}

void MaintainSuspended(Sync& sync) {
  if (sync.spec.suspended()) {
    if (!EnsureCondition(sync.status, "Suspended", true, "JobSuspended", "Job suspended", sync.now)) return;
    if (sync.options.clear_start_time_on_suspend) sync.status.start_time.reset();
    sync.events.push_back({false, "Suspended", "Job suspended"});
  } else {
    if (!EnsureCondition(sync.status, "Suspended", false, "JobResumed", "Job resumed", sync.now)) return;
    sync.status.start_time = TruncateToSeconds(sync.now);
    sync.events.push_back({false, "Resumed", "Job resumed"});
  }
  sync.suspend_changed = true;
}

}  // namespace reprieve::controllers::job
