#include <algorithm>

#include "controllers/job/sync.h"

namespace reprieve::controllers::job {
namespace {

bool Listed(const std::vector<meta::Uid>& uids, const TrackedPod& pod) {
  return !uids.empty() && std::find(uids.begin(), uids.end(), pod.pod->metadata.uid) != uids.end();
}

// For each index that waits for a new pod, the failed pod with the most failures; of equals the one that ended last
// (spec/job.md 2.10). It keeps its finalizer, and with it the counts, until its replacement is there.
void FindDelayed(Sync& sync, const TrackedPod& pod) {
  const IndexSet& done = sync.view.succeeded();
  if (done.Contains(pod.index) || sync.view.failed().Contains(pod.index) || sync.view.HasActive(pod.index)) return;
  const TrackedPod*& chosen = sync.delayed[pod.index];
  if (chosen == nullptr || pod.carried.total() > chosen->carried.total() ||
      (pod.carried.total() == chosen->carried.total() &&
       policy::FinishTime(*pod.pod) >= policy::FinishTime(*chosen->pod))) {
    chosen = &pod;
  }
}

}  // namespace

void Count(Sync& sync) {
  batch::JobStatus& status = sync.status;
  if (!status.uncounted_terminated_pods) status.uncounted_terminated_pods.emplace();
  const batch::UncountedTerminatedPods& uncounted = *status.uncounted_terminated_pods;

  sync.active = static_cast<std::int32_t>(sync.view.active().size());
  sync.ready = sync.view.ready_count();
  sync.terminating = sync.view.terminating_count();
  sync.succeeded = std::int64_t{status.succeeded} + static_cast<std::int64_t>(uncounted.succeeded.size());
  sync.failed = std::int64_t{status.failed} + static_cast<std::int64_t>(uncounted.failed.size());

  std::vector<Time> new_successes;
  std::vector<Time> new_failures;
  sync.accountable = JobView::InOrder(sync.view.accountable());
  for (const TrackedPod* pod : sync.accountable) {
    if (!sync.Eligible(*pod)) continue;
    if (pod->succeeded && !Listed(uncounted.succeeded, *pod)) {
      ++sync.succeeded;
      new_successes.push_back(policy::FinishTime(*pod->pod));
    }
    if (!pod->failed) continue;
    if (!Listed(uncounted.failed, *pod)) {
      if (pod->counts()) ++sync.failed;
      new_failures.push_back(policy::FinishTime(*pod->pod));
    }
    if (sync.spec.indexed() && sync.spec.backoff_limit_per_index) FindDelayed(sync, *pod);
  }
  sync.backoff = policy::NextBackoff(sync.view.backoff, std::move(new_successes), std::move(new_failures));
  if (sync.spec.indexed()) sync.succeeded = sync.view.succeeded().size();

  if (!status.start_time && !sync.spec.suspended()) status.start_time = TruncateToSeconds(sync.now);
}

}  // namespace reprieve::controllers::job
