// How a JobSet completes, and what becomes of one that has ended.
#include <algorithm>

#include "base/text.h"
#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {
namespace {

bool IsTarget(const jobset::SuccessPolicy& policy, const std::string& replicated_job) {
  const std::vector<std::string>& targets = policy.target_replicated_jobs;
  return targets.empty() || std::find(targets.begin(), targets.end(), replicated_job) != targets.end();
}

void DeleteAfterTtl(Sync& sync) {
  if (!sync.spec.ttl_seconds_after_finished) return;
  if (!sync.view.finish()) {
    sync.decision.problem = Cat("unable to find the time when the JobSet ", sync.jobset.metadata.namespace_, "/",
                                sync.jobset.metadata.name, " finished");
    return;
  }
  const Time expires = sync.view.LatestFinish() + Seconds(*sync.spec.ttl_seconds_after_finished);
  if (sync.now < expires) {
    sync.plan().requeue_at = expires;
  } else {
    sync.plan().AddStage().writes.push_back(world::DeleteJobSet{sync.plan().subject.key, sync.plan().uid});
  }
}

}  // namespace

bool ApplySuccessPolicy(Sync& sync) {
  if (!sync.spec.success_policy) return false;
  const jobset::SuccessPolicy& policy = *sync.spec.success_policy;
  std::int64_t succeeded = 0;
  std::int64_t replicas = 0;
  for (std::size_t i = 0; i < sync.spec.replicated_jobs.size(); ++i) {
    const jobset::ReplicatedJob& replicated = sync.spec.replicated_jobs[i];
    if (!IsTarget(policy, replicated.name)) continue;
    succeeded += sync.view.counts(i).succeeded;
    replicas += replicated.replicas;
  }
  if (succeeded < (policy.op == jobset::SuccessOperator::kAny ? 1 : replicas)) return false;
  SetCondition(sync, "Completed", true, "AllJobsCompleted", "jobset completed successfully");
  SetCondition(sync, "RestartingJobSet", false, "JobSetCompleted", "jobset completed successfully");
  sync.status.terminal_state = "Completed";
  return true;
}

void Finish(Sync& sync) {
  if (!sync.view.active_live().empty()) {
    world::Stage& stage = sync.plan().AddStage();
    for (const ChildJob* child : sync.view.active_live()) {
      stage.writes.push_back(world::DeleteJob{meta::KeyOf(child->job->metadata), child->job->metadata.uid});
    }
  }
  DeleteAfterTtl(sync);
}

}  // namespace reprieve::controllers::jobsets
