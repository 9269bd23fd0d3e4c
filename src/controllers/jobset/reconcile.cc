#include "controllers/jobset/reconcile.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "controllers/jobset/sync.h"

namespace reprieve::controllers {
namespace {

using jobsets::Sync;

// Jobs of attempts that are over, whose pods go before them.
void DeletePrevious(Sync& sync) {
  if (sync.view.previous_live().empty()) return;
  world::Stage& stage = sync.plan().AddStage();
  for (const ChildJob* child : sync.view.previous_live()) {
    stage.writes.push_back(world::DeleteJob{meta::KeyOf(child->job->metadata), child->job->metadata.uid});
  }
}

void NoteAllReady(Sync& sync) {
  std::int64_t there = 0;
  for (const jobset::ReplicatedJobStatus& status : sync.status.replicated_jobs_status) {
    there += status.ready + status.succeeded;
  }
  if (sync.spec.suspended() || there != sync.total_replicas()) return;
  jobsets::SetCondition(sync, "RestartingJobSet", false, "JobsReady", "all jobs are ready");
}

// In upstream's order (spec/jobset.md 2.3). What is decided here is one pass; the next begins when the world shows a
// change.
void Decide(Sync& sync) {
  jobsets::CountJobs(sync);
  if (sync.status.IsFinished()) return jobsets::Finish(sync);
  DeletePrevious(sync);
  jobsets::NoteHealth(sync);
  NoteAllReady(sync);
  if (!sync.view.failed().empty()) return jobsets::ApplyFailurePolicy(sync);
  if (sync.view.successful_count() > 0 && jobsets::ApplySuccessPolicy(sync)) return;
  jobsets::EnsureService(sync);
  jobsets::EnsureClaims(sync);
  jobsets::ResizeJobs(sync);
  jobsets::CreateJobs(sync);
  if (sync.spec.suspended()) {
    jobsets::Suspend(sync);
  } else {
    jobsets::Resume(sync);
  }
  if (sync.gates().in_place_restart && sync.spec.restart_strategy() == jobset::RestartStrategy::kInPlaceRestart) {
    jobsets::RestartInPlace(sync);
  }
}

std::int64_t JobRestarts(const jobset::JobSetStatus& status) {
  std::int64_t out = 0;
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    out = std::accumulate(each.job_restarts.begin(), each.job_restarts.end(), out);
  }
  return out;
}

void NoteOutcome(Sync& sync) {
  JobSetOutcome& outcome = sync.decision.outcome;
  if (sync.status.IsFinished() && !sync.jobset.status.IsFinished()) {
    outcome.end = sync.status.IsTrue("Failed") ? JobSetEnd::kFailed : JobSetEnd::kCompleted;
  }
  if (outcome.empty()) return;
  outcome.restarts = sync.status.restarts;
  outcome.counted_restarts = sync.status.restarts_count_towards_max;
  outcome.job_restarts = JobRestarts(sync.status);
}

// But for how many Jobs of each replicated job are in which state it is the stored one.
bool OnlyCountsDiffer(const Sync& sync) {
  const std::vector<jobset::ReplicatedJobStatus>& stored = sync.jobset.status.replicated_jobs_status;
  jobset::JobSetStatus with_stored_counts = sync.status;
  if (with_stored_counts.replicated_jobs_status.size() != stored.size()) return false;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    jobset::ReplicatedJobStatus& each = with_stored_counts.replicated_jobs_status[i];
    each.ready = stored[i].ready;
    each.succeeded = stored[i].succeeded;
    each.failed = stored[i].failed;
    each.active = stored[i].active;
    each.suspended = stored[i].suspended;
  }
  return with_stored_counts == sync.jobset.status;
}

// What changed is written at once, and only then announced (spec/jobset.md 2.2). Of counts alone each pass would be a
// write: when hundreds of Jobs come and go together these may wait for a moment.
void WriteStatus(Sync& sync) {
  sync.decision.outcome.verdicts = std::move(sync.plan().verdicts);
  if (sync.status == sync.jobset.status) return;
  if (sync.now < sync.surroundings.counts_from && sync.events.empty() && OnlyCountsDiffer(sync)) {
    std::optional<Time>& again = sync.plan().requeue_at;
    again = again ? std::min(*again, sync.surroundings.counts_from) : sync.surroundings.counts_from;
    return;
  }
  NoteOutcome(sync);
  sync.decision.writes_status = true;
  sync.plan().AddStage().writes.push_back(
      world::WriteJobSetStatus{std::make_unique<jobset::JobSetStatus>(std::move(sync.status))});
  sync.plan().decided_after = sync.plan().stages.size();
  if (sync.events.empty()) return;
  world::Stage& stage = sync.plan().AddStage();
  for (world::RecordEvent& event : sync.events) stage.writes.push_back(std::move(event));
}

}  // namespace

bool JobSetOutcome::ShownBy(const jobset::JobSetStatus& status) const {
  return status.IsFinished() == end.has_value() && status.restarts == restarts &&
         status.restarts_count_towards_max == counted_restarts && JobRestarts(status) == job_restarts;
}

JobSetDecision ReconcileJobSet(const JobSetView& view, const JobSetSurroundings& surroundings, Time now) {
  REPRIEVE_CHECK(view.has_jobset(), "a JobSet to reconcile");
  Sync sync(view, surroundings, now);
  sync.plan().subject = {world::Kind::kJobSet, meta::KeyOf(sync.jobset.metadata)};
  sync.plan().uid = sync.jobset.metadata.uid;
  sync.plan().resource_version = sync.jobset.metadata.resource_version;
  if (sync.jobset.metadata.deleting() || sync.spec.managed_elsewhere()) return std::move(sync.decision);
  sync.decision.problem = view.Problem();
  if (!sync.decision.problem.empty()) return std::move(sync.decision);
  Decide(sync);
  // An error in the middle of a pass discards what the pass has done to the status (spec/jobset.md 2.2).
  if (sync.decision.problem.empty()) WriteStatus(sync);
  return std::move(sync.decision);
}

namespace jobsets {

meta::OwnerReference OwnerReferenceTo(const jobset::JobSet& jobset) {
  meta::OwnerReference owner;
  owner.api_version = jobset::kApiVersion;
  owner.kind = "JobSet";
  owner.name = jobset.metadata.name;
  owner.uid = jobset.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  return owner;
}

}  // namespace jobsets
}  // namespace reprieve::controllers
