#include "controllers/pod_cleanup.h"

#include <algorithm>

namespace reprieve::controllers {
namespace {

constexpr std::size_t kMaxWritesPerPlan = 500;

}  // namespace

world::Plan ReconcilePodCleanup(const JobView& view, const meta::ObjectKey& job, const meta::Uid& uid, Time now,
                                const Duties& duties) {
  world::Plan plan;
  plan.subject = {world::Kind::kJob, job};
  plan.uid = uid;
  const bool gone = !view.has_job();
  const bool foreground = duties.housekeeping && !gone && view.job().metadata.deleting() &&
                          view.job().metadata.HasFinalizer(kForegroundDeletion);
  const bool lets_go = gone || (view.job().status.IsFinished() && duties.ManagesJob(*view.job().spec));
  if (!foreground && !lets_go) return plan;

  std::vector<world::Write> releases;
  std::vector<world::Write> deletions;
  // While the Job is there the view knows which pods still have a finalizer; without it every pod is deleted.
  if (!gone && !foreground) {
    for (const auto& pods : {JobView::InOrder(view.accountable()), JobView::InOrder(view.TrackedLive())}) {
      for (const TrackedPod* pod : pods) {
        releases.push_back(world::RemovePodFinalizer{world::ReferenceTo(*pod->pod), batch::kTrackingFinalizer});
      }
    }
  } else {
    std::vector<const core::Pod*> pods;
    pods.reserve(view.pods().size() + view.settled().size());
    for (const auto& tracked : view.pods()) pods.push_back(tracked->pod);
    pods.insert(pods.end(), view.settled().begin(), view.settled().end());
    std::sort(pods.begin(), pods.end(),
              [](const core::Pod* a, const core::Pod* b) { return a->metadata.name < b->metadata.name; });
    for (const core::Pod* pod : pods) {
      if (duties.housekeeping && !pod->metadata.deleting())
        deletions.push_back(world::DeletePod{world::ReferenceTo(*pod)});
      // Of a Job that is being deleted its own reconcile lets go (spec/job.md 2.13).
      if ((gone || lets_go) && pod->metadata.HasFinalizer(batch::kTrackingFinalizer)) {
        releases.push_back(world::RemovePodFinalizer{world::ReferenceTo(*pod), batch::kTrackingFinalizer});
      }
    }
  }
  for (std::vector<world::Write>* writes : {&deletions, &releases}) {
    if (writes->empty()) continue;
    // A share of all, so that there are few rounds: each looks at all that are left.
    const std::size_t limit = std::max(kMaxWritesPerPlan, writes->size() / 8);
    if (writes->size() > limit) {
      writes->erase(writes->begin() + static_cast<std::ptrdiff_t>(limit), writes->end());
      plan.requeue_at = now;
    }
    plan.AddStage().writes = std::move(*writes);
  }
  if (foreground && view.pods().empty() && view.settled().empty()) {
    plan.AddStage().writes.push_back(world::RemoveJobFinalizer{job, uid, kForegroundDeletion});
  }
  return plan;
}

}  // namespace reprieve::controllers
