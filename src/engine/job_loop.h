// JobLoop: the views of Jobs, kept from what the world reports, and their passes: reconcile, clean-up, TTL. Also what
// becomes of pods that nothing controls.
//
// Source: spec/job.md 2.2 to 2.5. The engine owns it; one thread. It holds nothing that a restart would miss except
// back-off records (spec/job.md 2.3).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "controllers/job/reconcile.h"
#include "controllers/job/view.h"
#include "engine/job_counters.h"
#include "engine/orphans.h"
#include "engine/pod_index.h"
#include "engine/reconcile_loop.h"

namespace reprieve::engine {

struct JobOptions {
  Nanoseconds batch_period = Seconds(1);  // as EngineOptions has it
  RetryDelays retry{Seconds(1), Seconds(60)};
  controllers::ReconcileOptions reconcile{};
};

// What the plan in flight of a pass is for.
enum class JobStep : std::uint8_t {
  kJudge,    // the policies, to a Job that has not finished
  kAccount,  // the same after a creation has failed: no new pods, but what has ended is accounted for
  kCleanUp,
  kExpire,
};

struct JobState : LoopState {
  using LoopState::LoopState;

  controllers::JobView view;
  bool known = false;  // the Job has been there; without it the pods alone have named it
  std::int64_t generation = 0;
  // The verdicts of a pass that gave the Job its end, but whose status write got no answer. They hold once the watch
  // shows that the Job has an end.
  std::vector<world::Verdict> unconfirmed;

  // Of the pass that is under way.
  JobStep step = JobStep::kJudge;
  controllers::JobDecision decision;
  std::optional<world::WriteCode> creation_failure;
  std::optional<controllers::JobAction> action;  // absent: the Job is none that is judged

  bool empty() const { return !view.has_job() && view.pods().empty() && view.settled().empty(); }
};

// In flight.
struct OrphanReleases {
  world::Plan plan;
  bool missed = false;  // there may be more since
};

class JobLoop {
 public:
  // A Job is being given an end, and why: told before the write, which may fail.
  using EndListener = std::function<void(const meta::Uid& job, const world::Verdict& verdict)>;

  JobLoop(LoopContext& context, PodIndex& pods, JobOptions options, EndListener on_end);

  void JobChanged(const batch::Job& job);
  void JobDeleted(const batch::Job& job);
  // Finds the Job of a pod that is new or whose owners have changed.
  void PodChangedOwner(const core::Pod& pod);
  // REQUIRES: the index has `state` as the pod's.
  void PodChanged(JobState& state, const core::Pod& pod);
  // `state`: the Job that had it; a null pointer: none.
  void PodDeleted(JobState* state, const core::Pod& pod);
  void ListsComplete() { loop_.EnqueueAll(); }
  void EnqueueSeen() { loop_.EnqueueSeen(); }

  // Reconciles the Job at once, if it exists.
  void Wake(const meta::Uid& job);
  void Run(const meta::Uid& job) {
    loop_.Run(job, [this](JobState& state) { Reconcile(state); });
  }
  void RunOrphans();

  // As Engine has them.
  std::optional<controllers::JobDecision> Decide(const meta::Uid& job);
  void Take(const meta::Uid& job) { loop_.Take(job); }
  void LookAgain(const meta::Uid& job, Time when);

  const JobCounters& counters() const { return counters_; }
  PassTimes Unfinished() const { return loop_.Unfinished(); }

 private:
  bool Concerns(const batch::Job& job) const;
  // The steps of a pass, in this order.
  void Reconcile(JobState& state);
  void Judge(JobState& state, JobStep step);
  void NoteEnd(const JobState& state, const controllers::JobDecision& decision);
  void Judged(JobState& state, const world::PlanReport& report);
  void CleanUp(JobState& state);
  void Expire(JobState& state);
  void Reported(JobState& state, const world::PlanReport& report);
  void End(JobState& state, PassResult result);
  void Record(JobState& state, const world::PlanReport& report);
  // Of pods whose finalizer waits for the Job: `before` of them were ended.
  void CountTracked(const JobState& state, std::int64_t before);
  void ConfirmEnd(JobState& state);
  bool Adoptable(const core::Pod& pod) const;
  void EnqueueOrphans();

  LoopContext& context_;
  PodIndex& pods_;
  const JobOptions options_;
  const EndListener on_end_;
  ReconcileLoop<JobState> loop_;
  Orphans orphans_;
  std::optional<OrphanReleases> releases_;
  JobCounters counters_;
};

}  // namespace reprieve::engine
