// Creating and removing pods (spec/job.md 2.11).
#include <algorithm>
#include <limits>

#include "controllers/job/sync.h"

namespace reprieve::controllers::job {
namespace {

// Upstream looks again no earlier than this; with shorter back-offs than its own, no later than they ask.
Nanoseconds ShortestWait(const Sync& sync) {
  return std::min<Nanoseconds>(Seconds(1), sync.options.delays.base);
}

std::int64_t WantActive(const Sync& sync) {
  const std::int64_t parallelism = sync.spec.parallelism.value_or(1);
  if (!sync.spec.completions) return sync.succeeded > 0 ? sync.active : parallelism;  // a work queue drains
  return std::max<std::int64_t>(0, std::min(*sync.spec.completions - sync.succeeded, parallelism));
}

void Remove(Sync& sync, const std::vector<const TrackedPod*>& pods) {
  world::Stage& stage = sync.plan().AddStage();
  for (const TrackedPod* pod : pods) {
    stage.writes.push_back(world::RemovePod{world::ReferenceTo(*pod->pod), batch::kTrackingFinalizer});
    --sync.active;
    ++sync.terminating;
    if (pod->ready) --sync.ready;
  }
}

std::optional<Time> ReadySince(const core::Pod& pod) {
  const core::PodCondition* ready = pod.status.FindCondition(core::kReadyCondition);
  return ready != nullptr ? ready->last_transition_time : std::nullopt;
}

std::int32_t MostRestarts(const core::Pod& pod, bool sidecars) {
  std::int32_t most = 0;
  for (const core::ContainerStatus& status :
       sidecars ? pod.status.init_container_statuses : pod.status.container_statuses) {
    most = std::max(most, status.restart_count);
  }
  return most;
}

std::int32_t PhaseRank(core::PodPhase phase) {
  switch (phase) {
    case core::PodPhase::kPending:
      return 0;
    case core::PodPhase::kUnknown:
      return 1;
    case core::PodPhase::kRunning:
    case core::PodPhase::kSucceeded:
    case core::PodPhase::kFailed:
      return 2;
  }
  return 2;
}

// True if `a` is removed before `b`: the pod that has done the least work goes first.
bool GoesBefore(const TrackedPod* a, const TrackedPod* b) {
  const core::Pod& x = *a->pod;
  const core::Pod& y = *b->pod;
  if (x.node_name.empty() != y.node_name.empty()) return x.node_name.empty();
  if (PhaseRank(x.status.phase) != PhaseRank(y.status.phase)) {
    return PhaseRank(x.status.phase) < PhaseRank(y.status.phase);
  }
  if (a->ready != b->ready) return !a->ready;
  if (a->ready) {
    const auto since_x = ReadySince(x);
    const auto since_y = ReadySince(y);
    if (since_x != since_y) return !since_x || (since_y && *since_x > *since_y);
  }
  for (const bool sidecars : {false, true}) {
    const std::int32_t restarts_x = MostRestarts(x, sidecars);
    const std::int32_t restarts_y = MostRestarts(y, sidecars);
    if (restarts_x != restarts_y) return restarts_x > restarts_y;
  }
  const auto created_x = x.metadata.creation_timestamp;
  const auto created_y = y.metadata.creation_timestamp;
  if (created_x != created_y) return !created_x || (created_y && *created_x > *created_y);
  return JobView::Order()(a, b);
}

// Pods that no index wants: without a valid one, beyond the completions, or second of their index.
std::vector<const TrackedPod*> Superfluous(const Sync& sync) {
  std::vector<const TrackedPod*> out;
  if (sync.view.active_outside() == 0 && sync.view.duplicated().empty()) return out;
  const std::vector<const TrackedPod*> active = JobView::InOrder(sync.view.active());
  for (const TrackedPod* pod : active) {
    if (pod->index >= 0) break;
    out.push_back(pod);
  }
  for (const CompletionIndex index : sync.view.duplicated()) {
    if (index >= sync.spec.completions.value_or(0)) continue;  // taken below, all of them
    const auto first = std::partition_point(active.begin(), active.end(),
                                            [index](const TrackedPod* pod) { return pod->index < index; });
    const auto last =
        std::partition_point(first, active.end(), [index](const TrackedPod* pod) { return pod->index == index; });
    std::vector<const TrackedPod*> same(first, last);
    std::sort(same.begin(), same.end(), GoesBefore);
    out.insert(out.end(), same.begin(), same.end() - 1);
  }
  for (auto at = active.rbegin(); at != active.rend() && (*at)->index >= sync.spec.completions.value_or(0); ++at) {
    if ((*at)->index >= 0) out.push_back(*at);
  }
  return out;
}

std::vector<const TrackedPod*> PodsToRemove(const Sync& sync, std::int64_t at_least) {
  std::vector<const TrackedPod*> out;
  if (sync.spec.indexed()) out = Superfluous(sync);
  if (static_cast<std::int64_t>(out.size()) >= at_least) return out;
  std::vector<const TrackedPod*> rest;
  std::vector<const TrackedPod*> chosen = out;
  std::sort(chosen.begin(), chosen.end());
  for (const TrackedPod* pod : sync.view.active()) {
    if (!std::binary_search(chosen.begin(), chosen.end(), pod)) rest.push_back(pod);
  }
  std::sort(rest.begin(), rest.end(), GoesBefore);
  const auto wanted = std::min<std::size_t>(rest.size(), static_cast<std::size_t>(at_least) - out.size());
  out.insert(out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(wanted));
  return out;
}

void CreateNonIndexed(Sync& sync, std::int64_t count) {
  world::Stage& stage = sync.plan().AddStage();
  for (std::int64_t i = 0; i < count; ++i) stage.writes.push_back(world::CreatePod{sync.view.Prototype().MakePod()});
  sync.active += static_cast<std::int32_t>(count);
}

// The lowest indexes first; those that are backing off keep their place in the line (spec/job.md 2.10).
void CreateIndexed(Sync& sync, std::int64_t count) {
  std::vector<world::Write> writes;
  Nanoseconds shortest = Nanoseconds::max();
  CompletionIndex index = 0;
  for (std::int64_t i = 0; i < count; ++i, ++index) {
    index = sync.view.taken().FirstMissing(index);
    if (index >= sync.spec.completions.value_or(0)) break;
    std::optional<policy::IndexFailures> failures;
    if (sync.spec.backoff_limit_per_index) failures.emplace();
    if (const auto at = sync.delayed.find(index); at != sync.delayed.end()) {
      const TrackedPod& failed = *at->second;
      const Nanoseconds wait = policy::BackoffRemaining(failed.carried.total() + 1, policy::FinishTime(*failed.pod),
                                                        sync.now, sync.options.delays);
      if (wait > Nanoseconds(0)) {
        shortest = std::min(shortest, wait);
        continue;
      }
      failures = policy::FailuresAfter(failed.carried, failed.judged->verdict);
    }
    writes.emplace_back(world::CreatePod{sync.view.Prototype().MakePod(index, failures)});
  }
  // Upstream looks again only where nothing at all could be created; the rest then waits for another event. We look
  // whenever an index waits, so that none waits longer than its back-off.
  if (shortest < Nanoseconds::max()) sync.LookAgain(sync.now + std::max(ShortestWait(sync), shortest));
  if (writes.empty()) return;
  sync.active += static_cast<std::int32_t>(writes.size());
  sync.plan().AddStage().writes = std::move(writes);
}

void Create(Sync& sync, std::int64_t count) {
  if (!sync.options.may_create) return;
  if (!sync.spec.backoff_limit_per_index) {
    const Nanoseconds wait =
        policy::BackoffRemaining(sync.backoff.failures, sync.backoff.last_failure, sync.now, sync.options.delays);
    if (wait > Nanoseconds(0)) return sync.LookAgain(sync.now + std::max(ShortestWait(sync), wait));
  }
  const std::int64_t capped = std::min<std::int64_t>(count, kMaxPodWritesPerSync);
  if (sync.spec.indexed()) {
    CreateIndexed(sync, capped);
  } else {
    CreateNonIndexed(sync, capped);
  }
  if (capped < count) sync.LookAgain(sync.now);
}

void CreateOrRemove(Sync& sync) {
  JobTally& tally = sync.decision.tally;
  if (sync.spec.suspended()) {
    tally.action = JobAction::kPodsDeleted;
    if (!sync.view.active().empty()) Remove(sync, JobView::InOrder(sync.view.active()));
    return;
  }
  const std::int64_t want = WantActive(sync);
  std::vector<const TrackedPod*> surplus = PodsToRemove(sync, std::max<std::int64_t>(0, sync.active - want));
  if (!surplus.empty()) {
    tally.action = JobAction::kPodsDeleted;
    if (surplus.size() > kMaxPodWritesPerSync) surplus.resize(kMaxPodWritesPerSync);
    return Remove(sync, surplus);
  }
  const std::int64_t slots = want - sync.active - (sync.spec.replaces_only_failed() ? sync.terminating : 0);
  tally.action = slots > 0 ? JobAction::kPodsCreated : JobAction::kTracking;
  if (slots > 0) Create(sync, slots);
}

bool IsComplete(const Sync& sync) {
  if (sync.active > 0) return false;
  return sync.spec.completions ? sync.succeeded >= *sync.spec.completions : sync.succeeded > 0;
}

}  // namespace

void Manage(Sync& sync) {
  CreateOrRemove(sync);
  if (IsComplete(sync)) {
    sync.end = EndState{true, "CompletionsReached", "Reached expected number of succeeded pods"};
    return;
  }
  MaintainSuspended(sync);
}

}  // namespace reprieve::controllers::job
