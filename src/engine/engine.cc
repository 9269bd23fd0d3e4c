#include "engine/engine.h"

#include <algorithm>

#include "base/check.h"
#include "controllers/pod_cleanup.h"
#include "controllers/ttl.h"

namespace reprieve::engine {
namespace {

// The work queue's key for pods that nothing controls; no UID is empty.
const SharedString kOrphans;

}  // namespace

struct Engine::JobState {
  meta::Uid uid;
  std::optional<Time> due;  // when the work queue has it, as far as we know
  controllers::JobView view;
  meta::ObjectKey key;
  std::int64_t generation = 0;
  std::int32_t failed_rounds = 0;  // in a row
  // What our own writes made: until the watch has shown it, nothing is decided (upstream's consistency store).
  meta::ResourceVersion job_written = 0;
  meta::ResourceVersion pod_written = 0;
};

Engine::Engine(world::Api& api, const world::Clock& clock, world::Ledger& ledger, EngineOptions options)
    : api_(api),
      clock_(clock),
      ledger_(ledger),
      options_(options),
      jobsets_(api, clock, ledger, queue_, options.jobsets),
      placement_(api, clock, queue_),
      overdue_(api, clock, ledger, queue_) {}

Engine::~Engine() = default;

void Engine::JobChanged(const batch::Job& job) {
  jobs_seen_ = std::max(jobs_seen_, job.metadata.resource_version);
  JobState& state = StateOf(job.metadata.uid);
  const bool changed_spec = !state.view.has_job() || state.generation != job.metadata.generation;
  state.key = meta::KeyOf(job.metadata);
  state.generation = job.metadata.generation;
  state.view.SetJob(job);
  Enqueue(job.metadata.uid, changed_spec ? Nanoseconds(0) : options_.batch_period);
  jobsets_.JobChanged(job);
}

void Engine::JobDeleted(const batch::Job& job) {
  jobs_seen_ = std::max(jobs_seen_, job.metadata.resource_version);
  JobState& state = StateOf(job.metadata.uid);
  state.key = meta::KeyOf(job.metadata);
  state.view.RemoveJob();
  state.view.backoff = {};
  Enqueue(job.metadata.uid, Nanoseconds(0));
  jobsets_.JobDeleted(job);
}

void Engine::PodChanged(const core::Pod& pod) {
  pods_seen_ = std::max(pods_seen_, pod.metadata.resource_version);
  const Owned& known = owner_of_[pod.slot];
  const bool same_owner = known.state != nullptr && known.owners == pod.metadata.owner_references.get();
  JobState* state = same_owner ? known.state : ChangeOwner(pod);
  // Pods of plain Jobs, which are most, concern no JobSet.
  if (known.of_jobset) {
    jobsets_.PodChanged(pod);
    placement_.PodChanged(pod);
    overdue_.PodChanged(pod);
  }
  if (state == nullptr) return;
  state->view.SetPod(pod);
  Enqueue(*state, options_.batch_period);
}

Engine::JobState* Engine::ChangeOwner(const core::Pod& pod) {
  const meta::OwnerReference* controller = pod.metadata.Controller();
  JobState* next = controller != nullptr && controller->kind == "Job" ? &StateOf(controller->uid) : nullptr;
  Owned& known = owner_of_[pod.slot];
  if (known.state != nullptr && known.state != next) {
    known.state->view.RemovePod(pod);
    Enqueue(*known.state, options_.batch_period);
  }
  // Once a JobSet's, always watched as such: what the loops know of it must follow it.
  const bool of_jobset = known.of_jobset || pod.metadata.labels.Find(jobset::kJobSetName) != nullptr;
  known = {next, pod.metadata.owner_references.get(), of_jobset};
  if (next != nullptr) {
    orphans_.erase(&pod);
    if (next->key.name.empty()) next->key = {pod.metadata.namespace_, controller->name};
  } else if (controller == nullptr) {
    orphans_.insert(&pod);
    EnqueueMatching(pod);
  }
  return next;
}

void Engine::PodDeleted(const core::Pod& pod) {
  pods_seen_ = std::max(pods_seen_, pod.metadata.resource_version);
  const Owned known = std::exchange(owner_of_[pod.slot], {});
  if (known.of_jobset) {
    jobsets_.PodDeleted(pod);
    placement_.PodDeleted(pod);
    overdue_.PodDeleted(pod);
  }
  orphans_.erase(&pod);
  if (known.state == nullptr) return;
  known.state->view.RemovePod(pod);
  Enqueue(*known.state, options_.batch_period);
}

void Engine::NodeChanged(const core::Node& node) {
  for (const meta::Uid& job : placement_.NodeChanged(node)) Enqueue(job, Nanoseconds(0));
}

bool Engine::RunOne() {
  const auto uid = queue_.Pop(clock_.Now());
  if (!uid) return false;
  if (*uid == kOrphans) {
    ReleaseOrphans();
    return true;
  }
  if (jobsets_.Owns(*uid)) {
    jobsets_.Reconcile(*uid);
    return true;
  }
  if (placement_.Owns(*uid)) {
    placement_.Reconcile(*uid);
    return true;
  }
  if (overdue_.Owns(*uid)) {
    overdue_.Reconcile(*uid);
    return true;
  }
  const auto at = jobs_.find(*uid);
  if (at == jobs_.end()) return true;
  at->second->due.reset();
  if (CachesAreBehind(*at->second)) {
    // The watch will show what we wrote, and wake this Job again; the retry is for a watch that has lost it.
    Enqueue(*uid, options_.retry_base);
    return true;
  }
  Reconcile(*uid, *at->second);
  DropIfEmpty(*uid, *at->second);
  return true;
}

void Engine::Reconcile(const meta::Uid& uid, JobState& state) {
  const Time now = clock_.Now();
  const bool finished = state.view.has_job() && state.view.job().status.IsFinished();
  if (state.view.has_job() && !finished) {
    controllers::ReconcileOptions options = options_.reconcile;
    const std::vector<const core::Pod*> orphans = OrphansFor(state.view.job());
    controllers::JobDecision decision = controllers::ReconcileJob(state.view, orphans, now, options);
    world::PlanReport report;
    bool complete = ApplyPlan(uid, state, decision.plan, &report);
    if (report.creation_failed) {
      // No new pods for now; what has ended is accounted for all the same.
      options.may_create = false;
      decision = controllers::ReconcileJob(state.view, orphans, now, options);
      world::PlanReport second;
      ApplyPlan(uid, state, decision.plan, &second);
      if (second.complete()) second.failure = report.failure;
      report = second;
      complete = false;
    }
    if (decision.backoff && report.stages_done >= decision.backoff_after_stages) state.view.backoff = *decision.backoff;
    if (!complete) return Retry(uid, state, report.failure);
    state.view.MarkReported();
    for (const world::Verdict& verdict : decision.plan.verdicts) {
      if (verdict.ends) jobsets_.JobEnded(uid, verdict);
    }
    ledger_.Record(std::move(decision.plan.verdicts));
  }
  if (!state.view.has_job() && !lists_complete_) return;
  world::PlanReport report;
  world::Plan cleanup = controllers::ReconcilePodCleanup(state.view, state.key, uid, now);
  if (!ApplyPlan(uid, state, cleanup, &report)) return Retry(uid, state, report.failure);
  if (state.view.has_job()) {
    world::Plan ttl = controllers::ReconcileTtl(state.view.job(), now);
    if (!ApplyPlan(uid, state, ttl, &report)) return Retry(uid, state, report.failure);
  }
  state.failed_rounds = 0;
}

bool Engine::ApplyPlan(const meta::Uid& uid, JobState& state, world::Plan& plan, world::PlanReport* report) {
  if (plan.requeue_at) queue_.Add(uid, *plan.requeue_at);
  if (plan.stages.empty()) return true;
  *report = world::Apply(plan, clock_.Now(), api_);
  state.job_written = std::max(state.job_written, report->job_version);
  state.pod_written = std::max(state.pod_written, report->pod_version);
  return report->complete();
}

void Engine::Retry(const meta::Uid& uid, JobState& state, world::WriteCode failure) {
  // The same write would be refused again: only a change of the Job or of its pods can help, and that wakes it.
  if (failure == world::WriteCode::kInvalid) return;
  Nanoseconds delay = options_.retry_base;
  for (std::int32_t i = 0; i < state.failed_rounds && delay < options_.retry_cap; ++i) delay *= 2;
  ++state.failed_rounds;
  Enqueue(uid, std::min(delay, options_.retry_cap));
}

bool Engine::CachesAreBehind(const JobState& state) const {
  return jobs_seen_ < state.job_written || pods_seen_ < state.pod_written;
}

Engine::JobState& Engine::StateOf(const meta::Uid& uid) {
  std::unique_ptr<JobState>& state = jobs_[uid];
  if (!state) {
    state = std::make_unique<JobState>();
    state->uid = uid;
  }
  return *state;
}

void Engine::Enqueue(const meta::Uid& uid, Nanoseconds delay) {
  queue_.Add(uid, clock_.Now() + delay);
}

void Engine::Enqueue(JobState& state, Nanoseconds delay) {
  const Time when = clock_.Now() + delay;
  if (state.due && *state.due <= when) return;
  state.due = when;
  queue_.Add(state.uid, when);
}

std::vector<const core::Pod*> Engine::OrphansFor(const batch::Job& job) const {
  std::vector<const core::Pod*> out;
  for (const core::Pod* pod : orphans_) {
    if (pod->metadata.namespace_ == job.metadata.namespace_ && job.spec->selector &&
        job.spec->selector->Matches(pod->metadata.labels)) {
      out.push_back(pod);
    }
  }
  std::sort(out.begin(), out.end(),
            [](const core::Pod* a, const core::Pod* b) { return a->metadata.name < b->metadata.name; });
  return out;
}

void Engine::EnqueueMatching(const core::Pod& orphan) {
  if (orphan.metadata.HasFinalizer(batch::kTrackingFinalizer)) Enqueue(kOrphans, options_.batch_period);
  for (const auto& [uid, state] : jobs_) {
    if (!state->view.has_job()) continue;
    const batch::Job& job = state->view.job();
    if (job.metadata.namespace_ != orphan.metadata.namespace_ || !job.spec->selector ||
        !job.spec->selector->Matches(orphan.metadata.labels) || job.status.IsFinished()) {
      continue;
    }
    Enqueue(uid, options_.batch_period);
  }
}

// Nobody will account for these: the tracking finalizer must not hold them for ever (spec/job.md 2.2).
void Engine::ReleaseOrphans() {
  const auto adoptable = [this](const core::Pod& pod) {
    return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
      const controllers::JobView& view = entry.second->view;
      return view.has_job() && !view.job().status.IsFinished() && !view.job().metadata.deleting() &&
             !pod.metadata.deleting() && view.job().metadata.namespace_ == pod.metadata.namespace_ &&
             view.job().spec->selector && view.job().spec->selector->Matches(pod.metadata.labels);
    });
  };
  std::vector<world::PodReference> released;
  for (const core::Pod* pod : orphans_) {
    if (pod->metadata.HasFinalizer(batch::kTrackingFinalizer) && !adoptable(*pod)) {
      released.push_back(world::ReferenceTo(*pod));
    }
  }
  std::sort(released.begin(), released.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const world::PodReference& pod : released) api_.RemovePodFinalizer(pod, batch::kTrackingFinalizer);
}

void Engine::ListsComplete(meta::ResourceVersion version) {
  lists_complete_ = true;
  jobs_seen_ = std::max(jobs_seen_, version);
  pods_seen_ = std::max(pods_seen_, version);
  for (const auto& [uid, state] : jobs_) Enqueue(uid, Nanoseconds(0));
  jobsets_.ListsComplete(version);
}

void Engine::DropIfEmpty(const meta::Uid& uid, const JobState& state) {
  if (state.view.has_job() || !state.view.pods().empty() || !state.view.settled().empty()) return;
  queue_.Forget(uid);
  jobs_.erase(uid);
}

}  // namespace reprieve::engine
