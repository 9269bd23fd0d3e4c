// JobSetView: what is known of one JobSet and its child Jobs, kept up to date one event at a time.
//
// The cost of an event does not depend on how many Jobs there are, but for comparing the counters of restarts, which is
// as cheap as copying them. Only a new restart attempt of the whole JobSet, which replaces every Job, looks at each.
//
// Source: spec/jobset.md 2.4, 2.5, 2.14. One owner (the engine); no lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controllers/jobset/layout.h"
#include "model/feature_gates.h"
#include "model/jobset.h"
#include "policy/elapsed.h"
#include "policy/index_set.h"
#include "policy/jobset_failure_policy.h"
#include "world/verdict.h"

namespace reprieve::controllers {

enum class Bucket : std::uint8_t {
  kUnreadable,  // a label of it can't be read: nothing is done until that is fixed
  kPrevious,    // of an attempt that is over
  kActive,
  kSuccessful,
  kFailed,
};

// A Job that the JobSet controls, as last seen.
struct ChildJob {
  const batch::Job* job = nullptr;
  std::string name;
  std::string replicated_job;  // its label
  std::int32_t position = -1;  // of that replicated job in the spec; -1: there is none
  std::int32_t index = -1;     // its label; -1: none
  Bucket bucket = Bucket::kUnreadable;
  std::string problem;  // of an unreadable one
  bool deleting = false;
  bool ready = false;       // active, and enough of its pods have succeeded or are ready
  bool has_active = false;  // active, with active pods
  bool suspended = false;   // active, and its spec says so
  bool misfit = false;      // active, of another size than its template: an elastic JobSet was resized
  // What its name stands for in this JobSet; -1: nothing.
  std::int32_t named_position = -1;
  std::int32_t named_index = -1;
  std::uint64_t failed_order = 0;             // among failed ones, in which order their failures were seen
  std::shared_ptr<const world::Verdict> end;  // the verdict that ended it; null: none is known

  bool is_active() const { return bucket == Bucket::kActive; }
};

class JobSetView {
 public:
  // By replicated job in the order of the spec, then by index.
  struct Order {
    bool operator()(const ChildJob* a, const ChildJob* b) const {
      if (a->position != b->position) return a->position < b->position;
      return a->index != b->index ? a->index < b->index : a->name < b->name;
    }
  };
  using Children = std::set<const ChildJob*, Order>;
  struct FailureOrder {
    bool operator()(const ChildJob* a, const ChildJob* b) const { return a->failed_order < b->failed_order; }
  };
  using FailedChildren = std::set<const ChildJob*, FailureOrder>;

  struct Counts {
    std::int32_t ready = 0;
    std::int32_t succeeded = 0;
    std::int32_t failed = 0;
    std::int32_t active = 0;
    std::int32_t suspended = 0;
  };

  explicit JobSetView(model::FeatureGates gates) : gates_(gates) {}

  // The JobSet as it is seen at `now` (Time::max(): not known); `jobset` stays at its address until the next call.
  void SetJobSet(const jobset::JobSet& jobset, Time now = Time::max());
  // The JobSet is gone; its Jobs may still be there.
  void RemoveJobSet();
  void SetChild(const batch::Job& job);
  void RemoveChild(const batch::Job& job);
  // A pod that carries the JobSet's name; only in-place restart looks at them.
  void SetPod(const core::Pod& pod);
  void RemovePod(const core::Pod& pod);
  // What ended one of the Jobs, for the chain of verdicts.
  void NoteEnd(const meta::Uid& job_uid, std::shared_ptr<const world::Verdict> verdict);

  bool has_jobset() const { return jobset_ != nullptr; }
  const jobset::JobSet& jobset() const { return *jobset_; }
  const model::FeatureGates& gates() const { return gates_; }
  const std::unordered_map<meta::Uid, ChildJob>& children() const { return children_; }  // by UID
  // Those that nobody has deleted yet.
  const Children& living() const { return living_; }
  bool empty() const { return children_.empty() && pods_.empty(); }

  // When the JobSet finished, by its status; and the latest that this can have been. REQUIRES (the latter): it has.
  std::optional<Time> finish() const { return finish_.written(); }
  Time LatestFinish() const { return finish_.Latest(); }

  // Why nothing can be done; empty: the labels of all Jobs can be read.
  std::string Problem() const;

  // Jobs of earlier attempts that nobody has deleted yet; and how many there are with those that are deleting.
  const Children& previous_live() const { return previous_live_; }
  std::size_t previous_count() const { return previous_count_; }
  // In the order in which their failures were seen.
  const FailedChildren& failed() const { return failed_; }
  std::size_t successful_count() const { return successful_count_; }
  // Active, not deleting.
  const Children& active_live() const { return active_live_; }
  // Active, and not suspended.
  const Children& running() const { return running_; }
  // Active, and suspended.
  const Children& suspended() const { return suspended_; }
  const Children& misfits() const { return misfits_; }
  // By position in the spec.
  const Counts& counts(std::size_t position) const { return counts_[position]; }
  // Indexes whose name no Job of this JobSet has.
  const policy::IndexSet& missing(std::size_t position) const { return missing_[position]; }
  const policy::JobSetFailureJudge& judge() const { return judge_; }
  // Of the JobSet's spec; REQUIRES: has_jobset().
  const JobSetLayout& layout() const { return layout_; }
  // The replicated job of that name, by position; nothing: there is none.
  std::optional<std::size_t> PositionOf(const std::string& replicated_job) const;
  // Restarts of single Jobs that count, in all; 0 while the gate RestartJob is off.
  std::int64_t counted_job_restarts() const { return counted_job_restarts_; }

  // In-place restart: what the pods say.
  struct InPlace {
    std::int32_t greatest_restart_count = 0;
    std::size_t attempts = 0;  // pods that have not failed and carry an attempt
    std::optional<std::int32_t> lowest;
    std::optional<std::int32_t> highest;
    bool unreadable = false;  // one of them has an attempt that is not a number
  };
  InPlace in_place() const;

 private:
  struct PodFacts {
    std::int32_t restart_count = 0;
    std::optional<std::int32_t> attempt;
    bool unreadable = false;
  };

  // Restarts of single Jobs of one replicated job, as the status has them.
  struct JobRestarts {
    std::vector<std::int32_t> all;
    std::vector<std::int32_t> counted;
    std::int64_t counted_sum = 0;
  };

  void SetSpec(std::shared_ptr<const jobset::JobSetSpec> spec);
  // Takes over what the status says; Jobs whose attempt is over by it move, if `move`.
  void SetJobRestarts(const jobset::JobSetStatus& status, bool move);
  void MoveRestarted(std::size_t position, const std::vector<std::int32_t>& before);
  static std::uint64_t SlotOf(std::int32_t position, std::int32_t index) {
    return std::uint64_t{static_cast<std::uint32_t>(position)} << 32 | static_cast<std::uint32_t>(index);
  }
  void Classify(ChildJob& child) const;
  Bucket BucketOf(ChildJob& child) const;
  bool IsMisfit(const ChildJob& child) const;
  void Enter(ChildJob& child);
  void Leave(ChildJob& child);
  void Reclassify();
  void Count(const PodFacts& facts, bool entering);

  model::FeatureGates gates_;
  const jobset::JobSet* jobset_ = nullptr;
  policy::WrittenTime finish_;
  std::shared_ptr<const jobset::JobSetSpec> spec_;
  // What buckets follow from.
  std::int32_t restarts_ = 0;
  std::vector<JobRestarts> job_restarts_;  // by position
  std::int64_t counted_job_restarts_ = 0;
  JobSetLayout layout_;
  std::unordered_map<std::string, std::int32_t> position_of_;
  policy::JobSetFailureJudge judge_;

  std::unordered_map<meta::Uid, ChildJob> children_;  // by UID
  // Those of one replicated job and index by their labels; only where single Jobs may be restarted.
  std::unordered_multimap<std::uint64_t, ChildJob*> by_slot_;
  Children living_, previous_live_, active_live_, running_, suspended_, misfits_, unreadable_;
  FailedChildren failed_;
  std::uint64_t next_failed_order_ = 1;
  std::size_t previous_count_ = 0;
  std::size_t successful_count_ = 0;
  std::vector<Counts> counts_;
  std::vector<policy::IndexSet> missing_;

  std::unordered_map<const core::Pod*, PodFacts> pods_;
  std::map<std::int32_t, std::int32_t> restart_counts_;  // how many pods have which
  std::map<std::int32_t, std::int32_t> attempts_;        // likewise
  std::int32_t unreadable_pods_ = 0;
};

}  // namespace reprieve::controllers
