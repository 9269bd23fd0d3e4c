// JobView: what is known of one Job and its pods, kept up to date one event at a time.
//
// Its cost follows the change: a pod's event costs the same in a Job of 10 pods as in one of 1,000,000. Reconcile reads
// it and never walks over pods that need nothing.
//
// Source: spec/job.md 2.5, 2.6, 2.10. One owner (the engine); no lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/flat_hash.h"
#include "base/neighbour_hash.h"
#include "base/shared_value.h"
#include "controllers/job/pod_list.h"
#include "controllers/job/prototype.h"
#include "model/batch.h"
#include "policy/backoff.h"
#include "policy/elapsed.h"
#include "policy/index_set.h"
#include "policy/per_index.h"
#include "policy/pod_judge.h"

namespace reprieve::controllers {

using policy::CompletionIndex;
using policy::IndexSet;

// A pod that the Job controls, as last seen.
struct TrackedPod {
  const core::Pod* pod = nullptr;
  std::uint64_t order = 0;                // of appearance
  PodPlaces places{};                     // in the lists of the view that it is on
  std::uint32_t stamps[2] = {0, 0};       // of its labels and annotations, when these were read
  std::uint32_t status_version = 0;       // of its status, when that was read
  CompletionIndex index = -1;             // -1: none that is valid
  bool classified : 1 = false;            // false: only remembered, as the Job is not known
  bool active : 1 = false;                // neither ended nor deleting
  bool ready : 1 = false;                 // active, and Ready is True
  bool terminating : 1 = false;           // deleting and not ended
  bool finalizer : 1 = false;             // the tracking finalizer is there: not yet accounted for
  bool succeeded : 1 = false;             // phase Succeeded
  bool failed : 1 = false;                // counts as a failure (spec/job.md 2.6)
  bool ended : 1 = false;                 // the phase is Succeeded or Failed
  bool selected : 1 = true;               // the Job's selector matches
  std::int32_t restarts = 0;              // in place, while Pending or Running; under OnFailure only
  policy::IndexFailures carried;          // of its index, before it
  SharedValue<policy::Judgement> judged;  // where failed

  // Its finalizer may go without an end of the Job: it has ended, or counts as failed.
  bool accountable() const { return finalizer && (succeeded || failed); }
  // Only the end of the Job lets its finalizer go.
  bool tracked_live() const { return finalizer && !accountable(); }
  bool fails_job() const { return judged && judged->verdict.action == batch::FailureAction::kFailJob; }
  bool counts() const { return !judged || judged->verdict.counts(); }
  // No event has changed what it means for the Job. A failed pod may be judged again.
  bool SameAs(const TrackedPod& other) const {
    return index == other.index && active == other.active && ready == other.ready && terminating == other.terminating &&
           finalizer == other.finalizer && succeeded == other.succeeded && !failed && !other.failed &&
           selected == other.selected && restarts == other.restarts && carried == other.carried;
  }
};
// As many as there are pods in the cluster, beside all of the pod that is kept: this is a whole block of the allocator,
// and the next is a quarter larger.
static_assert(sizeof(TrackedPod) <= 64);

// A failure whose verdict has been recorded.
struct ReportedPod {
  const core::Pod* pod = nullptr;
  std::uint64_t order = 0;  // which pod stood at that address
};

class JobView {
 public:
  // By completion index, then by age: upstream's order of tracking.
  struct Order {
    bool operator()(const TrackedPod* a, const TrackedPod* b) const {
      return a->index != b->index ? a->index < b->index : a->order < b->order;
    }
  };
  using PodSet = std::set<const TrackedPod*, Order>;
  // By the pod's address.
  struct AddressHash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const core::Pod* pod) const noexcept { return NeighbourHash()(pod); }
    std::size_t operator()(const std::unique_ptr<TrackedPod>& tracked) const noexcept { return (*this)(tracked->pod); }
  };
  struct SameAddress {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<TrackedPod>& a, const std::unique_ptr<TrackedPod>& b) const noexcept {
      return a->pod == b->pod;
    }
    bool operator()(const core::Pod* pod, const std::unique_ptr<TrackedPod>& tracked) const noexcept {
      return pod == tracked->pod;
    }
    bool operator()(const std::unique_ptr<TrackedPod>& tracked, const core::Pod* pod) const noexcept {
      return pod == tracked->pod;
    }
  };
  using TrackedPods = FlatSet<std::unique_ptr<TrackedPod>, AddressHash, SameAddress>;
  using SettledPods = FlatSet<const core::Pod*, NeighbourHash>;
  static std::vector<const TrackedPod*> InOrder(const PodList& pods);
  static std::vector<const TrackedPod*> InOrder(std::vector<const TrackedPod*> pods);

  // The Job as it is seen at `now` (Time::max(): not known); `job` stays at its address until the next call.
  void SetJob(const batch::Job& job, Time now = Time::max());
  // The Job is gone; its pods may still be there.
  void RemoveJob();
  // Before the Job is known, pods are only remembered.
  void SetPod(const core::Pod& pod);
  void RemovePod(const core::Pod& pod);

  const batch::Job& job() const { return *job_; }
  bool has_job() const { return job_ != nullptr; }
  // Made when it is first asked for: of most Jobs that a controller finds there no pod is ever made.
  const PodPrototype& Prototype() const;

  // Pods that neither ended nor are deleting.
  const PodList& active() const { return active_; }
  // Active pods of an Indexed Job whose index is not valid.
  std::int32_t active_outside() const { return active_outside_; }
  std::int32_t ready_count() const { return ready_count_; }
  // Deleting, not ended.
  std::int32_t terminating_count() const { return terminating_count_; }
  // With finalizer, and ended or counting as failed.
  const PodList& accountable() const { return accountable_; }
  // With finalizer, and not accountable: only the end of the Job lets them go. In no order; costs a walk over those
  // that are active.
  std::vector<const TrackedPod*> TrackedLive() const;
  // Failed pods that match a FailJob rule, counted or not.
  const PodSet& fail_job() const { return fail_job_; }
  // The latest that the Job can have started, and finished, by its status. REQUIRES: the status has that time.
  Time LatestStart() const { return start_.Latest(); }
  Time LatestFinish() const { return finish_.Latest(); }
  std::optional<Time> finish() const { return finish_.written(); }

  // Accountable failed pods whose failure has not been reported yet.
  const PodList& unreported() const { return unreported_; }
  // Restarts in place of pods under OnFailure, summed.
  std::int64_t restart_sum() const { return restart_sum_; }
  // Pods that have ended and still have the tracking finalizer.
  std::int64_t ended_with_finalizer() const { return ended_with_finalizer_; }
  // Pods that the selector no longer matches.
  const PodSet& unselected() const { return unselected_; }
  // The pods that the Job controls but for the settled ones, in no order.
  const TrackedPods& pods() const { return pods_; }
  // Null pointer if it is not among these.
  const TrackedPod* Find(const core::Pod& pod) const;
  // Pods that have ended and are accounted for: they matter only when the Job is deleted. In a long Job that is nearly
  // all of them, so each costs no more than its entry here.
  const SettledPods& settled() const { return settled_; }

  // Indexed Jobs: indexes that status says are completed; those and pods that have succeeded since; likewise failed.
  const IndexSet& completed() const { return completed_; }
  const IndexSet& succeeded() const { return succeeded_; }
  const IndexSet& failed() const { return failed_; }
  // As status says.
  const IndexSet& failed_in_status() const { return failed_in_status_; }
  // Indexes that need no pod now: succeeded, failed, active, or (replacing only failed pods) terminating.
  const IndexSet& taken() const { return taken_; }
  // Indexes with more than one active pod.
  const std::set<CompletionIndex>& duplicated() const { return duplicated_; }
  bool HasActive(CompletionIndex index) const;

  policy::BackoffRecord backoff;

  // These failures have been reported, or need no verdict.
  void MarkReported(const std::vector<ReportedPod>& pods);

 private:
  // How many pods of an index are in which state.
  struct IndexLoad {
    std::int32_t active = 0;
    std::int32_t terminating = 0;
    std::int32_t succeeded = 0;   // with finalizer
    std::int32_t ends_index = 0;  // with finalizer
    bool empty() const { return *this == IndexLoad{}; }
    bool operator==(const IndexLoad&) const = default;
  };
  // Up to three of each, in two bits: 0 if there is none, nothing if there are more.
  static std::optional<std::uint8_t> Packed(const IndexLoad& load);
  static IndexLoad Unpacked(std::uint8_t packed);

  // `was`: what it was before, to reuse what cannot have changed; a null pointer if it is new.
  TrackedPod Classify(const core::Pod& pod, std::uint64_t order, const TrackedPod* was);
  bool HasTrackingFinalizer(const core::Pod& pod);
  bool EndsIndex(const TrackedPod& tracked) const;
  bool InRange(CompletionIndex index) const;
  bool IsSettled(const TrackedPod& tracked) const;
  // Keeps only its entry among the settled pods, if it can no longer change anything.
  void SettleIfDone(TrackedPod& tracked);
  void Enter(TrackedPod& tracked);
  void Leave(TrackedPod& tracked);
  // From what the pod was to what it is; its place in the order is the same.
  void Move(TrackedPod& tracked, TrackedPod next);
  void Join(TrackedPod& tracked, std::uint32_t lists);
  void Quit(TrackedPod& tracked, std::uint32_t lists);
  void Count(const TrackedPod& tracked, std::int32_t sign);
  IndexLoad LoadOf(const TrackedPod& tracked) const;
  IndexLoad LoadOf(CompletionIndex index) const;
  void SetLoad(CompletionIndex index, const IndexLoad& load);
  void ChangeLoad(CompletionIndex index, const IndexLoad& before, const IndexLoad& after);
  void RefreshIndex(CompletionIndex index, const IndexLoad& load);
  void RefreshIndexes(const std::vector<CompletionIndex>& indexes);
  void RebuildIndexes();
  void ReadIndexTexts();
  void Reclassify();

  const batch::Job* job_ = nullptr;
  policy::WrittenTime start_, finish_;
  std::shared_ptr<const batch::JobSpec> spec_;
  mutable std::unique_ptr<const PodPrototype> prototype_;
  policy::PodJudge judge_;
  meta::Finalizers usual_finalizers_;  // which most pods share
  bool usual_has_tracking_ = false;    // and whether the tracking finalizer is one of them

  TrackedPods pods_;
  SettledPods settled_;
  std::uint64_t next_order_ = 0;
  // The tracked ones are those that are live and not active: deleted, and replaced only when they have failed.
  PodList active_{PodList::kState}, accountable_{PodList::kState}, tracked_terminating_{PodList::kState},
      unreported_{PodList::kUnreported};
  PodSet fail_job_, unselected_;  // few, if any
  std::int32_t active_outside_ = 0;
  std::int32_t ready_count_ = 0;
  std::int32_t terminating_count_ = 0;
  std::int64_t restart_sum_ = 0;
  std::int64_t ended_with_finalizer_ = 0;

  std::string completed_text_, failed_text_;
  IndexSet completed_, failed_in_status_, succeeded_, failed_, taken_;
  // By index, packed; those that are more than fits in that.
  FlatMap<CompletionIndex, std::uint8_t> load_;
  FlatMap<CompletionIndex, IndexLoad> large_load_;
  std::set<CompletionIndex> duplicated_;
};

}  // namespace reprieve::controllers
