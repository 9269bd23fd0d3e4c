#include "controllers/ttl.h"

#include <optional>

namespace reprieve::controllers {
namespace {

// When the Job got its first final condition.
std::optional<Time> FinishedAt(const batch::JobStatus& status) {
  for (const batch::JobCondition& condition : status.conditions) {
    if ((condition.type == "Complete" || condition.type == "Failed") && condition.status == "True") {
      return condition.last_transition_time;
    }
  }
  return std::nullopt;
}

}  // namespace

world::Plan ReconcileTtl(const batch::Job& job, Time now) {
  world::Plan plan;
  plan.subject = {world::Kind::kJob, meta::KeyOf(job.metadata)};
  plan.uid = job.metadata.uid;
  plan.resource_version = job.metadata.resource_version;
  if (job.metadata.deleting() || !job.spec->ttl_seconds_after_finished) return plan;
  const auto finished = FinishedAt(job.status);
  if (!finished) return plan;
  const Time expires = *finished + Seconds(*job.spec->ttl_seconds_after_finished);
  if (now < expires) {
    plan.requeue_at = expires;
  } else {
    plan.AddStage().writes.push_back(world::DeleteJob{world::Propagation::kForeground});
  }
  return plan;
}

}  // namespace reprieve::controllers
