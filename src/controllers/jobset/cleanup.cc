#include "controllers/jobset/cleanup.h"

#include "controllers/pod_cleanup.h"

namespace reprieve::controllers {

world::Plan ReconcileJobSetCleanup(const JobSetView& view, const OwnedByJobSet& owned, const meta::ObjectKey& jobset,
                                   const meta::Uid& uid) {
  world::Plan plan;
  plan.subject = {world::Kind::kJobSet, jobset};
  plan.uid = uid;
  const bool gone = !view.has_jobset();
  const bool foreground =
      !gone && view.jobset().metadata.deleting() && view.jobset().metadata.HasFinalizer(kForegroundDeletion);
  if (!gone && !foreground) return plan;

  world::Stage stage;
  // In the foreground the pods go before their Job, and the Jobs before the JobSet.
  const auto propagation = foreground ? world::Propagation::kForeground : world::Propagation::kBackground;
  for (const ChildJob* child : view.living()) {
    stage.writes.push_back(world::DeleteJob{meta::KeyOf(child->job->metadata), child->job->metadata.uid, propagation});
  }
  for (const core::Service* service : owned.services) {
    stage.writes.push_back(world::DeleteService{meta::KeyOf(service->metadata), service->metadata.uid});
  }
  for (const core::PersistentVolumeClaim* claim : owned.claims) {
    stage.writes.push_back(world::DeleteClaim{meta::KeyOf(claim->metadata), claim->metadata.uid});
  }
  if (!stage.writes.empty()) plan.stages.push_back(std::move(stage));
  if (foreground && view.children().empty() && plan.stages.empty()) {
    plan.AddStage().writes.push_back(world::RemoveJobSetFinalizer{jobset, plan.uid, kForegroundDeletion});
  }
  return plan;
}

}  // namespace reprieve::controllers
