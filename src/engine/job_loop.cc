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
      loop_(context, WorkKind::kJob, options.retry,
            [this](JobState& state, const world::PlanReport& report) { Reported(state, report); }) {}

// Without the housekeeping, Jobs of other managers are none of ours, nor are their pods.
bool JobLoop::Concerns(const batch::Job& job) const {
  const controllers::Duties& duties = options_.reconcile.duties;
  return duties.housekeeping || duties.ManagesJob(*job.spec);
}

void JobLoop::JobChanged(const batch::Job& job) {
  if (!Concerns(job)) return;
  JobState& state = loop_.StateOf(job.metadata.uid);
  state.known = true;
  const bool changed_spec = !state.view.has_job() || state.generation != job.metadata.generation;
  if (changed_spec) {
    state.key = meta::KeyOf(job.metadata);
    state.generation = job.metadata.generation;
    orphans_.AddJob(job);
  }
  // A Job that comes after its pods has them counted now.
  const std::int64_t before = state.view.ended_with_finalizer();
  state.view.SetJob(job, context_.clock.Now());
  CountTracked(state, before);
  loop_.Enqueue(state, changed_spec ? Nanoseconds(0) : options_.batch_period);
  // Orphans that it could have adopted may have to be released now.
  if (orphans_.HasPods() && (job.metadata.deleting() || job.status.IsFinished())) EnqueueOrphans();
}

void JobLoop::JobDeleted(const batch::Job& job) {
  if (!Concerns(job)) return;
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
    const std::int64_t before = entry.job->view.ended_with_finalizer();
    entry.job->view.RemovePod(pod);
    CountTracked(*entry.job, before);
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
  const std::int64_t before = state.view.ended_with_finalizer();
  state.view.SetPod(pod);
  CountTracked(state, before);
  loop_.Enqueue(state, options_.batch_period);
}

void JobLoop::PodDeleted(JobState* state, const core::Pod& pod) {
  orphans_.RemovePod(pod);
  if (state == nullptr) return;
  const std::int64_t before = state->view.ended_with_finalizer();
  state->view.RemovePod(pod);
  CountTracked(*state, before);
  loop_.Enqueue(*state, options_.batch_period);
}

void JobLoop::CountTracked(const JobState& state, std::int64_t before) {
  const std::int64_t after = state.view.ended_with_finalizer();
  if (after > before) counters_.tracked += static_cast<std::uint64_t>(after - before);
  if (after < before) counters_.released += static_cast<std::uint64_t>(before - after);
}

void JobLoop::Wake(const meta::Uid& job) {
  if (JobState* state = loop_.Find(job)) loop_.Enqueue(*state);
}

void JobLoop::Reconcile(JobState& state) {
  state.creation_failure.reset();
  if (!state.view.has_job()) {
    const bool leaves_pods = options_.reconcile.duties.housekeeping || state.known;
    return context_.lists_complete && leaves_pods ? CleanUp(state) : End(state, PassResult::kDone);
  }
  ConfirmEnd(state);
  if (state.view.job().status.IsFinished()) return CleanUp(state);
  Judge(state, JobStep::kJudge);
}

void JobLoop::Judge(JobState& state, JobStep step) {
  controllers::ReconcileOptions options = options_.reconcile;
  options.may_create = step == JobStep::kJudge;
  const std::vector<const core::Pod*> orphans = orphans_.PodsFor(state.view.job());
  state.step = step;
  state.decision = controllers::ReconcileJob(state.view, orphans, context_.clock.Now(), options);
  if (step == JobStep::kJudge) state.action = state.decision.tally.action;
  NoteEnd(state, state.decision);
  loop_.Apply(state, state.decision.plan);
}

// Whoever sees the end may see it before the report is in. Of several pods that end a Job at once the first is the one
// that its condition names.
void JobLoop::NoteEnd(const JobState& state, const controllers::JobDecision& decision) {
  const std::vector<world::Verdict>& verdicts = decision.plan.verdicts;
  const auto end = std::find_if(verdicts.begin(), verdicts.end(), [](const world::Verdict& each) { return each.ends; });
  if (end != verdicts.end()) on_end_(state.uid, *end);
}

void JobLoop::Reported(JobState& state, const world::PlanReport& report) {
  switch (state.step) {
    case JobStep::kJudge:
      if (!report.creation_failed) return Judged(state, report);
      state.creation_failure = report.failure;
      // What it wrote before that may not have been seen yet, and the Job may be gone.
      if (context_.seen.Lacks(state.written) || !state.view.has_job()) return End(state, PassResult::kRetry);
      return Judge(state, JobStep::kAccount);
    case JobStep::kAccount:
      return Judged(state, report);
    case JobStep::kCleanUp:
      if (!report.complete()) return End(state, AfterFailure(report.failure));
      return state.view.has_job() && options_.reconcile.duties.housekeeping ? Expire(state)
                                                                            : End(state, PassResult::kDone);
    case JobStep::kExpire:
      return End(state, report.complete() ? PassResult::kDone : AfterFailure(report.failure));
  }
}

void JobLoop::Judged(JobState& state, const world::PlanReport& report) {
  const controllers::JobDecision& decision = state.decision;
  if (decision.backoff && report.stages_done >= decision.backoff_after_stages && state.view.has_job()) {
    state.view.backoff = *decision.backoff;
  }
  if (state.view.has_job()) counters_.AddPass(*state.view.job().spec, state.decision, report);
  Record(state, report);
  const bool deleting = state.view.has_job() && state.view.job().metadata.deleting();
  // What the garbage collector does for a Job that is deleted does not depend on its status.
  if (report.failure == world::WriteCode::kInvalid && deleting) return CleanUp(state);
  if (!report.complete()) return End(state, AfterFailure(report.failure));
  if (state.creation_failure) return End(state, AfterFailure(*state.creation_failure));
  CleanUp(state);
}

void JobLoop::CleanUp(JobState& state) {
  state.step = JobStep::kCleanUp;
  state.decision.plan = controllers::ReconcilePodCleanup(state.view, state.key, state.uid, context_.clock.Now(),
                                                         options_.reconcile.duties);
  loop_.Apply(state, state.decision.plan);
}

void JobLoop::Expire(JobState& state) {
  state.step = JobStep::kExpire;
  state.decision.plan = controllers::ReconcileTtl(state.view, context_.clock.Now());
  loop_.Apply(state, state.decision.plan);
}

// What was decided can be large, and is over.
void JobLoop::End(JobState& state, PassResult result) {
  if (state.action && state.view.has_job()) {
    counters_.AddSync(*state.view.job().spec, result != PassResult::kDone, *state.action,
                      context_.clock.Now() - state.began);
  }
  state.action.reset();
  state.decision = {};
  loop_.End(state, result);
}

// Uses the decision, not the view, which may have moved meanwhile.
void JobLoop::Record(JobState& state, const world::PlanReport& report) {
  controllers::JobDecision& decision = state.decision;
  std::vector<world::Verdict>& verdicts = decision.plan.verdicts;
  if (!decision.plan.DecidedBy(report)) {
    if (!decision.plan.PerhapsDecidedBy(report)) return;
    const auto ends = [](const world::Verdict& verdict) { return verdict.ends; };
    if (std::any_of(verdicts.begin(), verdicts.end(), ends)) state.unconfirmed = std::move(verdicts);
    return;
  }
  state.unconfirmed.clear();
  state.view.MarkReported(decision.reported);
  context_.ledger.Record(std::move(verdicts));
}

void JobLoop::ConfirmEnd(JobState& state) {
  if (state.unconfirmed.empty() || !HasEnd(state.view.job().status)) return;
  context_.ledger.Record(std::exchange(state.unconfirmed, {}));
}

std::optional<controllers::JobDecision> JobLoop::Decide(const meta::Uid& job) {
  const JobState* state = loop_.Find(job);
  if (state == nullptr || !context_.lists_complete || !state->view.has_job()) return std::nullopt;
  if (state->view.job().status.IsFinished()) return std::nullopt;
  controllers::JobDecision out = controllers::ReconcileJob(state->view, orphans_.PodsFor(state->view.job()),
                                                           context_.clock.Now(), options_.reconcile);
  NoteEnd(*state, out);
  return out;
}

void JobLoop::LookAgain(const meta::Uid& job, Time when) {
  if (JobState* state = loop_.Find(job)) loop_.EnqueueAt(*state, when);
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
  if (!options_.reconcile.duties.housekeeping) return;
  if (releases_) {
    releases_->missed = true;
    return;
  }
  world::Stage stage;
  for (const core::Pod* pod : orphans_.Tracked()) {
    if (Adoptable(*pod)) continue;
    stage.writes.push_back(world::RemovePodFinalizer{world::ReferenceTo(*pod), batch::kTrackingFinalizer});
  }
  if (stage.writes.empty()) return;
  releases_.emplace().plan.stages.push_back(std::move(stage));
  context_.plans.Run(releases_->plan, [this](const world::PlanReport& report) {
    const bool missed = releases_->missed;
    releases_.reset();
    if (missed) EnqueueOrphans();
    if (!report.complete()) context_.queue.Add({WorkKind::kOrphans, {}}, context_.clock.Now() + options_.retry.base);
  });
}

}  // namespace reprieve::engine
