#include "engine/engine.h"

#include <algorithm>

namespace reprieve::engine {

Engine::Engine(world::Api& api, const world::Clock& clock, world::Ledger& ledger, EngineOptions options)
    : in_order_(options.in_order),
      plans_(api, clock, options.max_requests),
      context_{.clock = clock, .ledger = ledger, .plans = plans_},
      jobsets_(context_, pods_, options.jobsets),
      jobs_(context_, pods_, {.batch_period = options.batch_period, .reconcile = options.reconcile},
            [this](const meta::Uid& job, const world::Verdict& verdict) { jobsets_.JobEnded(job, verdict); }),
      placement_(context_),
      overdue_(context_, pods_) {}

void Engine::See(meta::ResourceVersion& newest, const meta::ObjectMeta& metadata) const {
  if (in_order_) newest = std::max(newest, metadata.resource_version);
}

void Engine::JobChanged(const batch::Job& job) {
  See(context_.seen.jobs, job.metadata);
  jobs_.JobChanged(job);
  jobsets_.JobChanged(job);
}

void Engine::JobDeleted(const batch::Job& job) {
  See(context_.seen.jobs, job.metadata);
  jobs_.JobDeleted(job);
  jobsets_.JobDeleted(job);
}

void Engine::PodChanged(const core::Pod& pod) {
  See(context_.seen.pods, pod.metadata);
  const PodIndex::Entry& entry = pods_.At(pod);
  if (entry.job == nullptr || entry.owners != pod.metadata.owner_references.begin()) {
    jobs_.PodChangedOwner(pod);
    pods_.NoteJobSet(pod);
  }
  // Pods of plain Jobs, which are most, concern no JobSet.
  if (entry.jobset != nullptr) {
    jobsets_.PodChanged(pod, *entry.jobset);
    placement_.PodChanged(pod);
    overdue_.PodChanged(pod, *entry.jobset);
  }
  if (entry.job != nullptr) jobs_.PodChanged(*entry.job, pod);
}

void Engine::PodDeleted(const core::Pod& pod) {
  See(context_.seen.pods, pod.metadata);
  const PodIndex::Entry known = pods_.Take(pod);
  if (known.jobset != nullptr) {
    jobsets_.PodDeleted(pod, *known.jobset);
    placement_.PodDeleted(pod);
    overdue_.PodDeleted(pod);
    pods_.DropFromJobSet(pod, *known.jobset);
  }
  jobs_.PodDeleted(known.job, pod);
}

void Engine::JobSetChanged(const jobset::JobSet& jobset) {
  See(context_.seen.jobsets, jobset.metadata);
  overdue_.JobSetChanged(jobset);
  jobsets_.JobSetChanged(jobset);
}

void Engine::JobSetDeleted(const jobset::JobSet& jobset) {
  See(context_.seen.jobsets, jobset.metadata);
  overdue_.JobSetDeleted(jobset);
  jobsets_.JobSetDeleted(jobset);
}

void Engine::ServiceChanged(const core::Service& service) {
  See(context_.seen.services, service.metadata);
  jobsets_.ServiceChanged(service);
}

void Engine::ServiceDeleted(const core::Service& service) {
  See(context_.seen.services, service.metadata);
  jobsets_.ServiceDeleted(service);
}

void Engine::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  See(context_.seen.claims, claim.metadata);
  jobsets_.ClaimChanged(claim);
}

void Engine::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  See(context_.seen.claims, claim.metadata);
  jobsets_.ClaimDeleted(claim);
}

void Engine::NodeChanged(const core::Node& node) {
  for (const meta::Uid& job : placement_.NodeChanged(node)) jobs_.Wake(job);
}

PassTimes Engine::UnfinishedPasses(WorkKind kind) const {
  switch (kind) {
    case WorkKind::kJob:
      return jobs_.Unfinished();
    case WorkKind::kJobSet:
      return jobsets_.Unfinished();
    case WorkKind::kPlacement:
    case WorkKind::kOverdue:
    case WorkKind::kOrphans:
      break;
  }
  return {};
}

bool Engine::RunOne() {
  jobs_.EnqueueSeen();
  jobsets_.EnqueueSeen();
  const auto key = context_.queue.Pop(context_.clock.Now());
  if (!key) return false;
  switch (key->kind) {
    case WorkKind::kJob:
      jobs_.Run(key->id);
      break;
    case WorkKind::kJobSet:
      jobsets_.Run(key->id);
      break;
    case WorkKind::kPlacement:
      placement_.Run(key->id);
      break;
    case WorkKind::kOverdue:
      overdue_.Run(key->id);
      break;
    case WorkKind::kOrphans:
      jobs_.RunOrphans();
      break;
  }
  return true;
}

std::optional<WorkKey> Engine::TakeDue() {
  std::optional<WorkKey> key = context_.queue.Pop(context_.clock.Now());
  if (!key) return key;
  switch (key->kind) {
    case WorkKind::kJob:
      jobs_.Take(key->id);
      break;
    case WorkKind::kJobSet:
      jobsets_.Take(key->id);
      break;
    case WorkKind::kPlacement:
    case WorkKind::kOverdue:
    case WorkKind::kOrphans:
      break;
  }
  return key;
}

void Engine::LookAgain(const WorkKey& key, Time when) {
  key.kind == WorkKind::kJob ? jobs_.LookAgain(key.id, when) : jobsets_.LookAgain(key.id, when);
}

void Engine::ListsComplete(meta::ResourceVersion version) {
  context_.lists_complete = true;
  context_.seen.Raise({version, version, version, version, version});
  jobs_.ListsComplete();
  jobsets_.ListsComplete();
}

}  // namespace reprieve::engine
