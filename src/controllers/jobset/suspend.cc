// Suspending and resuming child Jobs (spec/jobset.md 2.8).
#include <algorithm>

#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {
namespace {

std::unique_ptr<batch::Job> Copy(const batch::Job& job) {
  return std::make_unique<batch::Job>(job);
}

// The template's values win; keys that it no longer has stay.
void Merge(const meta::Labels& from, meta::Labels& into) {
  for (const auto& [key, value] : from.All()) into.Set(key, value);
}

bool Same(const core::Toleration& a, const core::Toleration& b) {
  return a.key == b.key && a.op == b.op && a.value == b.value && a.effect == b.effect &&
         a.toleration_seconds == b.toleration_seconds;
}

void MergeGates(const core::PodSpec& from, core::PodSpec& into) {
  const document::Value& wanted = from.rest["schedulingGates"];
  if (!wanted.IsArray() || wanted.items().empty()) return;
  document::Value& gates = into.rest.At("schedulingGates");
  if (!gates.IsArray()) gates = document::Value::MakeArray();
  for (const document::Value& gate : wanted.items()) {
    const auto& there = gates.items();
    if (std::find(there.begin(), there.end(), gate) == there.end()) gates.Append(gate);
  }
}

// What a scheduler in front, such as Kueue, may have decided while the JobSet was suspended.
void MergeSchedulingDirectives(const core::PodTemplateSpec& from, core::PodTemplateSpec& into) {
  Merge(from.metadata.labels, into.metadata.labels);
  Merge(from.metadata.annotations, into.metadata.annotations);
  core::PodSpec pod = *into.spec;
  for (const auto& [key, value] : from.spec->node_selector) pod.node_selector[key] = value;
  for (const core::Toleration& toleration : from.spec->tolerations) {
    const bool there = std::any_of(pod.tolerations.begin(), pod.tolerations.end(),
                                   [&](const core::Toleration& other) { return Same(other, toleration); });
    if (!there) pod.tolerations.push_back(toleration);
  }
  MergeGates(*from.spec, pod);
  into.spec = std::make_shared<const core::PodSpec>(std::move(pod));
}

std::unique_ptr<batch::Job> Resumed(const Sync& sync, const ChildJob& child) {
  std::unique_ptr<batch::Job> job = Copy(*child.job);
  batch::JobSpec spec = *job->spec;
  const jobset::ReplicatedJob& replicated = sync.spec.replicated_jobs[static_cast<std::size_t>(child.position)];
  MergeSchedulingDirectives(replicated.job_template.spec->pod_template, spec.pod_template);
  spec.suspend = false;
  job->spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  return job;
}

}  // namespace

void Suspend(Sync& sync) {
  if (!sync.view.running().empty()) {
    world::Stage& stage = sync.plan().AddStage();
    for (const ChildJob* child : sync.view.running()) {
      std::unique_ptr<batch::Job> job = Copy(*child->job);
      batch::JobSpec spec = *job->spec;
      spec.suspend = true;
      job->spec = std::make_shared<const batch::JobSpec>(std::move(spec));
      stage.writes.push_back(world::ReviseJob{std::move(job)});
    }
  }
  SetCondition(sync, "Suspended", true, "SuspendedJobs", "jobset is suspended");
  SetCondition(sync, "RestartingJobSet", false, "JobSetSuspended", "jobset is suspended");
}

void Resume(Sync& sync) {
  world::Stage stage;
  bool waits = false;
  auto next = sync.view.suspended().begin();
  const auto end = sync.view.suspended().end();
  while (next != end && (*next)->position < 0) ++next;
  for (std::size_t i = 0; i < sync.spec.replicated_jobs.size() && !waits; ++i) {
    const auto mine = next;
    while (next != end && (*next)->position == static_cast<std::int32_t>(i)) ++next;
    if (!DependenciesMet(sync, i)) continue;
    if (sync.spec.in_order() && Started(sync, i)) continue;
    for (auto at = mine; at != next; ++at) {
      const bool started = (*at)->job->status.start_time.has_value();
      stage.writes.push_back(world::ReviseJob{Resumed(sync, **at), started});
    }
    waits = sync.spec.in_order();
  }
  if (!stage.writes.empty()) sync.plan().stages.push_back(std::move(stage));
  if (waits) {
    SetCondition(sync, "StartupPolicyInProgress", true, "InOrderStartupPolicyInProgress",
                 "in order startup policy is in progress");
    return;
  }
  SetCondition(sync, "Suspended", false, "ResumeJobs", "jobset is resumed");
}

}  // namespace reprieve::controllers::jobsets
