// What a JobSet brings into being: its Service, its claims, its Jobs; and their size
// (spec/jobset.md 2.7, 2.10, 2.11, 2.13).
#include <algorithm>

#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {

void EnsureService(Sync& sync) {
  if (!sync.spec.has_hostnames() || sync.surroundings.service_exists) return;
  core::Service service;
  service.metadata.name = HeadlessServiceName(sync.jobset);
  service.metadata.namespace_ = sync.jobset.metadata.namespace_;
  service.metadata.SetOwners({OwnerReferenceTo(sync.jobset)});
  service.spec.cluster_ip = "None";
  service.spec.selector[std::string(jobset::kJobSetName)] = sync.jobset.metadata.name.str();
  service.spec.publish_not_ready_addresses = sync.spec.network->publish_not_ready_addresses.value_or(true);
  sync.plan().AddStage().writes.push_back(world::CreateService{std::make_unique<core::Service>(std::move(service))});
}

// Upstream requests every claim in every pass; here only missing ones are created.
void EnsureClaims(Sync& sync) {
  world::Stage stage;
  std::size_t number = 0;
  for (const jobset::VolumeClaimPolicy& policy : sync.spec.volume_claim_policies) {
    for (const core::PersistentVolumeClaim& wanted : policy.templates) {
      const std::size_t at = number++;
      if (at < sync.surroundings.claim_exists.size() && sync.surroundings.claim_exists[at]) continue;
      core::PersistentVolumeClaim claim;
      claim.metadata.name = ClaimName(sync.jobset, wanted);
      claim.metadata.namespace_ = sync.jobset.metadata.namespace_;
      claim.metadata.labels = wanted.metadata.labels;
      claim.metadata.labels.Set(jobset::kJobSetName, sync.jobset.metadata.name);
      claim.metadata.annotations = wanted.metadata.annotations;
      claim.spec = wanted.spec;
      if (policy.deletes_with_jobset()) claim.metadata.SetOwners({OwnerReferenceTo(sync.jobset)});
      stage.writes.push_back(world::CreateClaim{std::make_unique<core::PersistentVolumeClaim>(std::move(claim))});
    }
  }
  if (!stage.writes.empty()) sync.plan().stages.push_back(std::move(stage));
}

void ResizeJobs(Sync& sync) {
  if (sync.view.misfits().empty()) return;
  world::Stage& stage = sync.plan().AddStage();
  for (const ChildJob* child : sync.view.misfits()) {
    const batch::JobSpec& wanted =
        *sync.spec.replicated_jobs[static_cast<std::size_t>(child->position)].job_template.spec;
    stage.writes.push_back(world::ResizeJob{meta::KeyOf(child->job->metadata), child->job->metadata.uid,
                                            wanted.parallelism, wanted.completions});
  }
}

bool DependenciesMet(const Sync& sync, std::size_t position) {
  const auto& all = sync.spec.replicated_jobs;
  return std::all_of(all[position].depends_on.begin(), all[position].depends_on.end(), [&](const auto& dependency) {
    // Only replicated jobs that stand earlier in the list are looked up: one that depends on itself waits forever.
    const auto on = sync.view.PositionOf(dependency.name);
    if (!on || *on >= position) return false;
    const jobset::ReplicatedJobStatus& status = sync.StatusOf(*on);
    const std::int32_t there = dependency.status == jobset::DependencyStatus::kComplete
                                   ? status.succeeded
                                   : status.failed + status.ready + status.succeeded;
    return there == all[*on].replicas;
  });
}

bool Started(const Sync& sync, std::size_t position) {
  const jobset::ReplicatedJobStatus& status = sync.StatusOf(position);
  return status.failed + status.ready + status.succeeded == sync.spec.replicated_jobs[position].replicas;
}

namespace {

// Missing Jobs of one replicated job. Those of one stage are independent; an error ends the pass.
void CreateMissing(Sync& sync, std::size_t position, Held held) {
  const bool blocked =
      sync.spec.restart_strategy() == jobset::RestartStrategy::kBlockingRecreate && sync.view.previous_count() > 0;
  if (blocked || sync.view.missing(position).empty()) return;
  const std::vector<std::int32_t>& restarts = sync.StatusOf(position).job_restarts;
  const auto waits = [&](std::int32_t index) {
    const auto at = static_cast<std::size_t>(index);
    return held == Held::kRestarted && at < restarts.size() && restarts[at] > 0;
  };
  world::Stage stage;
  for (const auto& [first, last] : sync.view.missing(position).runs()) {
    for (std::int32_t index = first; index <= last; ++index) {
      if (!waits(index)) stage.writes.push_back(world::CreateJob{MakeJob(sync, position, index)});
    }
  }
  if (!stage.writes.empty()) sync.plan().stages.push_back(std::move(stage));
}

}  // namespace

void CreateJobs(Sync& sync) {
  const Held held = HeldByDelay(sync);
  if (held == Held::kAll) return;
  const bool in_order = sync.spec.in_order() && !sync.spec.suspended();
  for (std::size_t i = 0; i < sync.spec.replicated_jobs.size(); ++i) {
    if (!DependenciesMet(sync, i)) continue;
    if (in_order && Started(sync, i)) continue;
    CreateMissing(sync, i, held);
    if (!in_order) continue;
    SetCondition(sync, "StartupPolicyInProgress", true, "InOrderStartupPolicyInProgress",
                 "in order startup policy is in progress");
    return;
  }
  if (in_order) {
    SetCondition(sync, "StartupPolicyCompleted", true, "InOrderStartupPolicyCompleted",
                 "in order startup policy has completed");
  }
}

}  // namespace reprieve::controllers::jobsets
