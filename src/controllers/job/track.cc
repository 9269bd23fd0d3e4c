// The status protocol with finalizers: no pod is lost or counted twice, wherever a crash falls (spec/job.md 2.13).
//
// Record the ended pods in status; only then take their finalizers away; only then move them to the counters. Indexed
// successes need no record: their index is one.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "base/flat_hash.h"
#include "controllers/job/sync.h"

namespace reprieve::controllers::job {
namespace {

using UidSet = FlatSet<std::string_view, EndsHash>;

class Tracker {
 public:
  explicit Tracker(Sync& sync)
      : sync_(sync),
        status_(sync.status),
        uncounted_(*sync.status.uncounted_terminated_pods),
        tally_(sync.decision.tally) {}

  void Run() {
    WriteCounts();
    SettleAtStart();
    Record();
    WriteIndexes();
    WriteInterimCondition();
    if (!sync_.events.empty()) RecordEvents();
    Flush();
    // By now the status says what the verdicts say.
    sync_.plan().decided_after = sync_.plan().stages.size();
    ReleaseFinalizers();
    SettleReleased();
    Finish();
    Flush();
    RecordEndEvent();
  }

 private:
  void WriteCounts() {
    needs_flush_ = sync_.suspend_changed;
    const auto put = [this](auto& field, std::int32_t value) {
      if (field == value) return;
      field = value;
      needs_flush_ = true;
    };
    put(status_.active, sync_.active);
    put(status_.ready, sync_.ready);
    put(status_.terminating, sync_.terminating);
  }

  // Pods of an earlier, interrupted round whose finalizers are gone are counted now.
  void SettleAtStart() {
    if (uncounted_.empty()) return;
    UidSet with_finalizer;
    for (const TrackedPod* pod : sync_.view.accountable()) with_finalizer.insert(pod->pod->metadata.uid);
    for (const TrackedPod* pod : sync_.view.TrackedLive()) with_finalizer.insert(pod->pod->metadata.uid);
    Settle([&](const meta::Uid& uid) { return !with_finalizer.contains(uid); });
  }

  void Settle(const auto& is_released) {
    const auto settle = [&](std::vector<meta::Uid>& uids, std::int32_t& counter) {
      const auto moved = std::erase_if(uids, is_released);
      if (moved == 0) return;
      counter += static_cast<std::int32_t>(moved);
      needs_flush_ = true;
    };
    settle(uncounted_.succeeded, status_.succeeded);
    settle(uncounted_.failed, status_.failed);
  }

  // All pods with finalizer if the Job ends here or is deleted, else those that have ended.
  std::vector<const TrackedPod*> Candidates() const {
    std::vector<const TrackedPod*> out = sync_.accountable;
    if (sync_.end || sync_.job.metadata.deleting()) {
      const auto middle = static_cast<std::ptrdiff_t>(out.size());
      const std::vector<const TrackedPod*> live = JobView::InOrder(sync_.view.TrackedLive());
      out.insert(out.end(), live.begin(), live.end());
      std::inplace_merge(out.begin(), out.begin() + middle, out.end(), JobView::Order());
    }
    return out;
  }

  bool MayRelease(const TrackedPod& pod) const {
    if (sync_.job.metadata.deleting() || sync_.end || pod.succeeded) return true;
    if (!pod.failed) return false;
    const auto at = sync_.delayed.find(pod.index);
    return at == sync_.delayed.end() || at->second != &pod;
  }

  void Record() {
    listed_succeeded_.insert(uncounted_.succeeded.begin(), uncounted_.succeeded.end());
    listed_failed_.insert(uncounted_.failed.begin(), uncounted_.failed.end());
    const std::vector<const TrackedPod*> candidates = Candidates();
    released_.reserve(candidates.size());
    for (const TrackedPod* pod : candidates) {
      if (!MayRelease(*pod)) continue;
      released_.push_back(pod);
      RecordOne(*pod);
      if (new_succeeded_.size() + static_cast<std::int64_t>(uncounted_.succeeded.size() + uncounted_.failed.size()) >=
          static_cast<std::int64_t>(kMaxUncountedPods)) {
        cap_reached_ = true;
        sync_.LookAgain(sync_.now);
        return;
      }
    }
  }

  void RecordOne(const TrackedPod& pod) {
    const meta::Uid& uid = pod.pod->metadata.uid;
    const bool valid = !sync_.spec.indexed() || (pod.index >= 0 && pod.index < sync_.spec.completions.value_or(0));
    // A pod that was once counted as failed stays so, even if it ended well (spec/job.md 2.17).
    if (pod.succeeded && !listed_failed_.contains(uid)) {
      if (sync_.spec.indexed()) {
        const bool news =
            valid && !sync_.view.completed().Contains(pod.index) && sync_.view.succeeded().Contains(pod.index);
        if (news && new_succeeded_.Insert(pod.index)) ++tally_.succeeded_pods;
      } else if (!listed_succeeded_.contains(uid)) {
        uncounted_.succeeded.push_back(uid);
        ++tally_.succeeded_pods;
      }
      needs_flush_ = true;
      return;
    }
    const bool considered_failed = pod.failed || (sync_.end && !sync_.end->success);
    if (!considered_failed || !valid || listed_failed_.contains(uid)) return;
    // A pod that the end of the Job makes a failure is judged now.
    const policy::PodVerdict judged =
        pod.judged ? pod.judged->verdict : policy::JudgePod(sync_.spec.pod_failure_policy, *pod.pod);
    if (judged.match) ++tally_.by_policy[static_cast<std::size_t>(judged.action)];
    if (judged.counts()) {
      uncounted_.failed.push_back(uid);
      ++tally_.failed_pods;
    }
    needs_flush_ = true;
  }

  void WriteIndexes() {
    if (!sync_.spec.indexed()) return;
    const auto put = [this](auto& field, auto value) {
      if (field == value) return;
      field = std::move(value);
      needs_flush_ = true;
    };
    if (new_succeeded_.empty()) {
      put(status_.completed_indexes, sync_.view.completed().ToText());
      put(status_.succeeded, static_cast<std::int32_t>(sync_.view.completed().size()));
    } else {
      IndexSet completed = sync_.view.completed();
      for (const auto& [first, last] : new_succeeded_.runs()) {
        for (CompletionIndex index = first; index <= last; ++index) completed.Insert(index);
      }
      put(status_.completed_indexes, completed.ToText());
      put(status_.succeeded, static_cast<std::int32_t>(completed.size()));
    }
    std::optional<std::string> failed;
    if (sync_.spec.backoff_limit_per_index) failed = sync_.view.failed().ToText();
    put(status_.failed_indexes, std::move(failed));
    tally_.succeeded_indexes = new_succeeded_.size();
    tally_.failed_indexes =
        std::max<std::int64_t>(0, sync_.view.failed().size() - sync_.view.failed_in_status().size());
  }

  void WriteInterimCondition() {
    if (!sync_.end || sync_.ended_before) return;
    EnsureCondition(status_, sync_.end->interim(), true, sync_.end->reason, sync_.end->message, sync_.now);
    needs_flush_ = true;
  }

  void RecordEvents() {
    world::Stage& stage = sync_.plan().AddStage();
    for (const world::RecordEvent& event : sync_.events) stage.writes.push_back(event);
  }

  void Flush() {
    if (!needs_flush_) return;
    needs_flush_ = false;
    sync_.plan().AddStage().writes.push_back(world::WriteJobStatus{std::make_unique<batch::JobStatus>(status_)});
    if (sync_.decision.backoff) return;
    sync_.decision.backoff = sync_.backoff;
    sync_.decision.backoff_after_stages = sync_.plan().stages.size();
  }

  void ReleaseFinalizers() {
    if (released_.empty()) return;
    world::Stage& stage = sync_.plan().AddStage();
    stage.writes.reserve(released_.size());
    for (const TrackedPod* pod : released_) {
      stage.writes.push_back(world::RemovePodFinalizer{world::ReferenceTo(*pod->pod), batch::kTrackingFinalizer});
    }
  }

  void SettleReleased() {
    if (uncounted_.empty() || SettleInOrder()) return;
    UidSet released;
    released.reserve(released_.size());
    for (const TrackedPod* pod : released_) released.insert(pod->pod->metadata.uid);
    Settle([&](const meta::Uid& uid) { return released.contains(uid); });
  }

  // Nearly always what is uncounted are the failed pods that were released just now, in the same order.
  bool SettleInOrder() {
    if (!uncounted_.succeeded.empty()) return false;
    auto released = released_.begin();
    for (const meta::Uid& uid : uncounted_.failed) {
      while (released != released_.end() && (*released)->pod->metadata.uid != uid) ++released;
      if (released == released_.end()) return false;
    }
    Settle([](const meta::Uid&) { return true; });
    return true;
  }

  void Finish() {
    if (!sync_.end || cap_reached_ || !uncounted_.empty() || sync_.terminating > 0) return;
    finished_ = true;
    tally_.finish = JobFinish{sync_.end->success, sync_.end->reason};
    EnsureCondition(status_, sync_.end->final(), true, sync_.end->reason, sync_.end->message, sync_.now);
    if (sync_.end->success) {
      // The clock of who has started it may have been ahead: an end before the start is refused.
      status_.completion_time = std::max(status_.FindCondition("Complete")->last_transition_time, status_.start_time);
    }
    needs_flush_ = true;
  }

  void RecordEndEvent() {
    if (!finished_) return;
    world::Stage& stage = sync_.plan().AddStage();
    if (!sync_.end->success) {
      stage.writes.push_back(world::RecordEvent{true, sync_.end->reason, sync_.end->message});
      return;
    }
    if (sync_.spec.completions && status_.succeeded > *sync_.spec.completions) {
      stage.writes.push_back(world::RecordEvent{true, "TooManySucceededPods",
                                                "Too many succeeded pods running after completion count reached"});
    }
    stage.writes.push_back(world::RecordEvent{false, "Completed", "Job completed"});
  }

  Sync& sync_;
  batch::JobStatus& status_;
  batch::UncountedTerminatedPods& uncounted_;
  JobTally& tally_;
  bool needs_flush_ = false;
  bool cap_reached_ = false;
  bool finished_ = false;
  std::unordered_set<meta::Uid> listed_succeeded_, listed_failed_;  // before this round
  IndexSet new_succeeded_;
  std::vector<const TrackedPod*> released_;
};

}  // namespace

void Track(Sync& sync) {
  Tracker(sync).Run();
}

}  // namespace reprieve::controllers::job
