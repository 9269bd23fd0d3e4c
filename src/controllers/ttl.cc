#include "controllers/ttl.h"

namespace reprieve::controllers {
world::Plan ReconcileTtl(const JobView& view, Time now) {
  const batch::Job& job = view.job();
  world::Plan plan;
  plan.subject = {world::Kind::kJob, meta::KeyOf(job.metadata)};
  plan.uid = job.metadata.uid;
  plan.resource_version = job.metadata.resource_version;
  if (job.metadata.deleting() || !job.spec->ttl_seconds_after_finished) return plan;
  if (!view.finish()) return plan;
  const Time expires = view.LatestFinish() + Seconds(*job.spec->ttl_seconds_after_finished);
  if (now < expires) {
    plan.requeue_at = expires;
  } else {
    plan.AddStage().writes.push_back(world::DeleteJob{plan.subject.key, plan.uid});
  }
  return plan;
}

}  // namespace reprieve::controllers
