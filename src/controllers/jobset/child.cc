// What a child Job looks like (spec/jobset.md 2.9, 2.11).
#include <algorithm>

#include "base/sha1.h"
#include "base/text.h"
#include "controllers/jobset/placement.h"
#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {
namespace {

using Entries = std::vector<std::pair<std::string_view, std::string>>;

std::string Subdomain(const jobset::JobSet& jobset) {
  const auto& network = jobset.spec->network;
  return network && !network->subdomain.empty() ? network->subdomain : jobset.metadata.name.str();
}

std::string JobName(const Sync& sync, const jobset::ReplicatedJob& replicated, std::int32_t index) {
  return Cat(sync.jobset.metadata.name, "-", replicated.name, "-", index);
}

std::int32_t JobRestarts(const Sync& sync, std::size_t position, std::int32_t index) {
  const std::vector<std::int32_t>& restarts = sync.StatusOf(position).job_restarts;
  const auto at = static_cast<std::size_t>(index);
  return at < restarts.size() ? restarts[at] : 0;
}

// The keys that both labels and annotations have.
Entries CommonKeys(const Sync& sync, std::size_t position, std::int32_t index) {
  const jobset::ReplicatedJob& own = sync.spec.replicated_jobs[position];
  const JobSetLayout::Place& place = sync.view.layout().places[position];
  const meta::ObjectMeta& set = sync.jobset.metadata;
  Entries keys = {
      {jobset::kJobSetName, set.name.str()},
      {jobset::kJobSetUid, set.uid.str()},
      {jobset::kReplicatedJobName, own.name},
      {jobset::kRestartAttempt, Cat(sync.status.restarts)},
      {jobset::kReplicatedJobReplicas, Cat(own.replicas)},
      {jobset::kGlobalReplicas, Cat(sync.total_replicas())},
      {jobset::kJobIndex, Cat(index)},
      {jobset::kJobKey, Sha1Hex(Cat(set.namespace_, "/", JobName(sync, own, index)))},
      {jobset::kJobGlobalIndex, Cat(place.before + index)},
      {jobset::kGroupName, own.group_name},
      {jobset::kGroupReplicas, Cat(place.group_total)},
      {jobset::kJobGroupIndex, Cat(place.group_before + index)},
  };
  if (sync.gates().restart_job) keys.emplace_back(jobset::kJobRestartAttempt, Cat(JobRestarts(sync, position, index)));
  if (const auto& coordinator = sync.spec.coordinator) {
    keys.emplace_back(jobset::kCoordinator, Cat(set.name, "-", coordinator->replicated_job, "-", coordinator->job_index,
                                                "-", coordinator->pod_index, ".", Subdomain(sync.jobset)));
  }
  return keys;
}

Entries PlacementAnnotations(const meta::Labels& jobset, const meta::Labels& job_template) {
  const ExclusivePlacement placement = PlacementOf(jobset, job_template);
  Entries out;
  if (placement.topology) out.emplace_back(jobset::kExclusiveTopology, *placement.topology);
  if (placement.node_selector) out.emplace_back(jobset::kNodeSelector, *placement.node_selector);
  return out;
}

void Add(const Entries& entries, meta::Labels& into) {
  for (const auto& [key, value] : entries) into.Set(key, value);
}

// The nodes of this Job were labelled and tainted beforehand by a script of the user's (spec/jobset.md 2.9).
void SelectPreparedNodes(const batch::Job& job, core::PodSpec& pod) {
  pod.node_selector[std::string(jobset::kNamespacedJob)] = Cat(job.metadata.namespace_, "_", job.metadata.name);
  core::Toleration toleration;
  toleration.key = jobset::kNoSchedule;
  toleration.op = "Exists";
  toleration.effect = "NoSchedule";
  pod.tolerations.push_back(std::move(toleration));
}

bool Mounts(const core::PodSpec& pod, std::string_view volume) {
  const auto mounts = [&](const core::Container& container) {
    return std::any_of(container.volume_mounts.begin(), container.volume_mounts.end(),
                       [&](const core::VolumeMount& mount) { return mount.name == volume; });
  };
  return std::any_of(pod.containers.begin(), pod.containers.end(), mounts) ||
         std::any_of(pod.init_containers.begin(), pod.init_containers.end(), mounts);
}

void AddClaimVolumes(const Sync& sync, core::PodSpec& pod) {
  for (const jobset::VolumeClaimPolicy& policy : sync.spec.volume_claim_policies) {
    for (const core::PersistentVolumeClaim& claim : policy.templates) {
      if (!Mounts(pod, claim.metadata.name)) continue;
      core::Volume volume;
      volume.name = claim.metadata.name.str();
      volume.claim.emplace().claim_name = ClaimName(sync.jobset, claim);
      pod.volumes.push_back(std::move(volume));
    }
  }
}

}  // namespace

std::unique_ptr<batch::Job> MakeJob(const Sync& sync, std::size_t position, std::int32_t index) {
  const jobset::ReplicatedJob& replicated = sync.spec.replicated_jobs[position];
  auto job = std::make_unique<batch::Job>();
  job->file = sync.jobset.file;
  job->metadata.name = JobName(sync, replicated, index);
  job->metadata.namespace_ = sync.jobset.metadata.namespace_;
  job->metadata.labels = replicated.job_template.metadata.labels;
  job->metadata.annotations = replicated.job_template.metadata.annotations;
  job->metadata.SetOwners({OwnerReferenceTo(sync.jobset)});

  batch::JobSpec spec = *replicated.job_template.spec;
  core::PodTemplateSpec& pods = spec.pod_template;
  const Entries keys = CommonKeys(sync, position, index);
  const Entries placement =
      PlacementAnnotations(sync.jobset.metadata.annotations, replicated.job_template.metadata.annotations);
  for (meta::ObjectMeta* metadata : {&job->metadata, &pods.metadata}) {
    Add(keys, metadata->labels);
    Add(keys, metadata->annotations);
    Add(placement, metadata->annotations);
  }

  core::PodSpec pod = *pods.spec;
  if (sync.spec.has_hostnames()) pod.subdomain = Subdomain(sync.jobset);
  if (job->metadata.annotations.Find(jobset::kExclusiveTopology) != nullptr &&
      job->metadata.annotations.Find(jobset::kNodeSelector) != nullptr) {
    SelectPreparedNodes(*job, pod);
  }
  AddClaimVolumes(sync, pod);
  pods.spec = std::make_shared<const core::PodSpec>(std::move(pod));
  spec.suspend = sync.spec.suspended();
  job->spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  return job;
}

}  // namespace reprieve::controllers::jobsets

namespace reprieve::controllers {

std::string HeadlessServiceName(const jobset::JobSet& jobset) {
  return jobsets::Subdomain(jobset);
}

std::string ClaimName(const jobset::JobSet& jobset, const core::PersistentVolumeClaim& claim) {
  return Cat(claim.metadata.name, "-", jobset.metadata.name);
}

}  // namespace reprieve::controllers
