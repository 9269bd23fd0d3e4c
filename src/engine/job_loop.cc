#include "engine/job_loop.h"

#include <algorithm>
#include <utility>

#include "controllers/pod_cleanup.h"
#include "controllers/ttl.h"

namespace reprieve::engine {
namespace {

// The same write would be refused again: only a change of the Job or of its pods can help, and that wakes it.
PassResult AfterFailure(world::WriteCode failure) {
  return failure == world::WriteCode::kInvalid ? PassResult::kWait : PassResult::kRetry;
}

bool HasEnd(const batch::JobStatus& status) {
  return status.IsFinished() || status.IsTrue("FailureTarget") || status.IsTrue("SuccessCriteriaMet");
}

}  // namespace

JobLoop::JobLoop(LoopContext& context, PodIndex& pods, JobOptions options, EndListener on_end)
    : context_(context),
      pods_(pods),
      options_(options),
      on_end_(std::move(on_end)),
      loop_(context, WorkKind::kJob, options.retry) {}

void JobLoop::JobChanged(const batch::Job& job) {
  JobState& state = loop_.StateOf(job.metadata.uid);
  const bool changed_spec = !state.view.has_job() || state.generation != job.metadata.generation;
  if (changed_spec) {
    state.key = meta::KeyOf(job.metadata);
    state.generation = job.metadata.generation;
    orphans_.AddJob(job);
  }
  state.view.SetJob(job, context_.clock.Now());
  loop_.Enqueue(state, changed_spec ? Nanoseconds(0) : options_.batch_period);
  // Orphans that it could have adopted may have to be released now.
  if (orphans_.HasPods() && (job.metadata.deleting() || job.status.IsFinished())) EnqueueOrphans();
}

void JobLoop::JobDeleted(const batch::Job& job) {
  JobState& state = loop_.StateOf(job.metadata.uid);
  state.key = meta::KeyOf(job.metadata);
  state.view.RemoveJob();
  state.view.backoff = {};
  orphans_.RemoveJob(job.metadata.uid);
  loop_.Enqueue(state);
  if (orphans_.HasPods()) EnqueueOrphans();
}

void JobLoop::PodChangedOwner(const core::Pod& pod) {
  const meta::OwnerReference* controller = pod.metadata.Controller();
  JobState* next = controller != nullptr && controller->kind == "Job" ? &loop_.StateOf(controller->uid) : nullptr;
  PodIndex::Entry& entry = pods_.At(pod);
  if (entry.job != nullptr && entry.job != next) {
    entry.job->view.RemovePod(pod);
    loop_.Enqueue(*entry.job, options_.batch_period);
  }
  entry.job = next;
  entry.owners = pod.metadata.owner_references.begin();
  if (controller != nullptr) {
    orphans_.RemovePod(pod);
    if (next != nullptr && next->key.name.empty()) next->key = {pod.metadata.namespace_, controller->name};
    return;
  }
  orphans_.AddPod(pod);
  if (pod.metadata.HasFinalizer(batch::kTrackingFinalizer)) EnqueueOrphans();
  for (const meta::Uid& uid : orphans_.JobsFor(pod)) {
    JobState* state = loop_.Find(uid);
    if (state == nullptr || !state->view.has_job()) continue;
    const batch::Job& job = state->view.job();
    if (Selects(job, pod) && !job.status.IsFinished()) loop_.Enqueue(*state, options_.batch_period);
  }
}

void JobLoop::PodChanged(JobState& state, const core::Pod& pod) {
  state.view.SetPod(pod);
  loop_.Enqueue(state, options_.batch_period);
}

void JobLoop::PodDeleted(JobState* state, const core::Pod& pod) {
  orphans_.RemovePod(pod);
  if (state == nullptr) return;
  state->view.RemovePod(pod);
  loop_.Enqueue(*state, options_.batch_period);
}

void JobLoop::Wake(const meta::Uid& job) {
  if (JobState* state = loop_.Find(job)) loop_.Enqueue(*state);
}

PassResult JobLoop::Reconcile(JobState& state) {
  const Time now = context_.clock.Now();
  if (state.view.has_job()) {
    ConfirmEnd(state);
    if (!state.view.job().status.IsFinished()) {
      if (const PassResult decided = Decide(state, now); decided != PassResult::kDone) return decided;
    }
  } else if (!context_.lists_complete) {
    return PassResult::kDone;
  }
  world::Plan cleanup = controllers::ReconcilePodCleanup(state.view, state.key, state.uid, now);
  if (const auto report = loop_.Apply(state, cleanup); !report.complete()) return AfterFailure(report.failure);
  if (state.view.has_job()) {
    world::Plan ttl = controllers::ReconcileTtl(state.view, now);
    if (const auto report = loop_.Apply(state, ttl); !report.complete()) return AfterFailure(report.failure);
  }
  return PassResult::kDone;
}

PassResult JobLoop::Decide(JobState& state, Time now) {
  controllers::ReconcileOptions options = options_.reconcile;
  const std::vector<const core::Pod*> orphans = orphans_.PodsFor(state.view.job());
  controllers::JobDecision decision = controllers::ReconcileJob(state.view, orphans, now, options);
  world::PlanReport report = loop_.Apply(state, decision.plan);
  std::optional<world::WriteCode> creation_failure;
  if (report.creation_failed) {
    // No new pods for now; what has ended is accounted for all the same.
    creation_failure = report.failure;
    options.may_create = false;
    decision = controllers::ReconcileJob(state.view, orphans, now, options);
    report = loop_.Apply(state, decision.plan);
  }
  if (decision.backoff && report.stages_done >= decision.backoff_after_stages) state.view.backoff = *decision.backoff;
  Record(state, decision, report);
  if (!report.complete()) return AfterFailure(report.failure);
  return creation_failure ? AfterFailure(*creation_failure) : PassResult::kDone;
}

// Uses the decision, not the view, which may have moved during Apply.
void JobLoop::Record(JobState& state, controllers::JobDecision& decision, const world::PlanReport& report) {
  std::vector<world::Verdict>& verdicts = decision.plan.verdicts;
  if (!decision.plan.DecidedBy(report)) {
    if (!decision.plan.PerhapsDecidedBy(report)) return;
    const auto ends = [](const world::Verdict& verdict) { return verdict.ends; };
    if (std::any_of(verdicts.begin(), verdicts.end(), ends)) state.unconfirmed = std::move(verdicts);
    return;
  }
  state.unconfirmed.clear();
  state.view.MarkReported(decision.reported);
  RecordVerdicts(state, std::move(verdicts));
}

void JobLoop::RecordVerdicts(const JobState& state, std::vector<world::Verdict> verdicts) {
  for (const world::Verdict& verdict : verdicts) {
    if (verdict.ends) on_end_(state.uid, verdict);
  }
  context_.ledger.Record(std::move(verdicts));
}

void JobLoop::ConfirmEnd(JobState& state) {
  if (state.unconfirmed.empty() || !HasEnd(state.view.job().status)) return;
  RecordVerdicts(state, std::exchange(state.unconfirmed, {}));
}

void JobLoop::EnqueueOrphans() {
  context_.queue.Add({WorkKind::kOrphans, {}}, context_.clock.Now() + options_.batch_period);
}

bool JobLoop::Adoptable(const core::Pod& pod) const {
  if (pod.metadata.deleting()) return false;
  for (const meta::Uid& uid : orphans_.JobsFor(pod)) {
    const JobState* state = loop_.Find(uid);
    if (state == nullptr || !state->view.has_job()) continue;
    const batch::Job& job = state->view.job();
    if (!job.status.IsFinished() && !job.metadata.deleting() && Selects(job, pod)) return true;
  }
  return false;
}

// No Job will account for these, so the tracking finalizer must not keep them (spec/job.md 2.2).
void JobLoop::RunOrphans() {
  std::vector<world::PodReference> released;
  for (const core::Pod* pod : orphans_.Tracked()) {
    if (!Adoptable(*pod)) released.push_back(world::ReferenceTo(*pod));
  }
  bool again = false;
  for (const world::PodReference& pod : released) {
    const world::WriteResult result = context_.api.RemovePodFinalizer(pod, batch::kTrackingFinalizer);
    again |= !result.ok() && result.code != world::WriteCode::kNotFound;
  }
  if (again) context_.queue.Add({WorkKind::kOrphans, {}}, context_.clock.Now() + options_.retry.base);
}

}  // namespace reprieve::engine
