#include "controllers/job/reconcile.h"

#include "base/check.h"
#include "controllers/job/sync.h"

namespace reprieve::controllers {
namespace {

// Pods change hands first; with the next look the view has them (spec/job.md 2.5).
bool Claim(job::Sync& sync, const std::vector<const core::Pod*>& orphans) {
  if (sync.job.metadata.deleting()) return false;
  world::Stage stage;
  for (const TrackedPod* pod : sync.view.unselected()) {
    if (pod->pod->metadata.deleting()) continue;
    stage.writes.push_back(
        world::ReleasePod{world::ReferenceTo(*pod->pod), sync.job.metadata.uid, batch::kTrackingFinalizer});
  }
  for (const core::Pod* pod : orphans) {
    if (pod->metadata.deleting()) continue;
    stage.writes.push_back(
        world::AdoptPod{world::ReferenceTo(*pod), sync.view.Prototype().owner(), batch::kTrackingFinalizer});
  }
  if (stage.writes.empty()) return false;
  sync.plan().stages.push_back(std::move(stage));
  sync.LookAgain(sync.now);
  return true;
}

}  // namespace

JobDecision ReconcileJob(const JobView& view, const std::vector<const core::Pod*>& orphans, Time now,
                         const ReconcileOptions& options) {
  REPRIEVE_CHECK(view.has_job(), "a Job to reconcile");
  job::Sync sync(view, now, options);
  sync.plan().subject = {world::Kind::kJob, meta::KeyOf(view.job().metadata)};
  sync.plan().uid = view.job().metadata.uid;
  sync.plan().resource_version = view.job().metadata.resource_version;

  if (!options.duties.ManagesJob(sync.spec) || view.job().status.IsFinished()) return std::move(sync.decision);
  if (sync.spec.completion_mode == batch::CompletionMode::kUnknown) {
    sync.plan().AddStage().writes.push_back(
        world::RecordEvent{true, "UnknownCompletionMode", "Skipped Job sync because completion mode is unknown"});
    return std::move(sync.decision);
  }
  if (Claim(sync, orphans)) return std::move(sync.decision);

  job::Count(sync);
  job::DecideEnd(sync);
  if (sync.end) {
    job::DeleteActive(sync);
  } else if (!sync.job.metadata.deleting()) {
    job::Manage(sync);
  }
  job::Track(sync);
  job::Explain(sync);
  return std::move(sync.decision);
}

}  // namespace reprieve::controllers
