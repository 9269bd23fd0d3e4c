// Plan: what a reconciler wants done, as a value. Decide first, then carry it out (plan_runner.h).
//
// A plan is a list of stages. The writes of one stage are independent; all of them must have succeeded before the next
// stage begins, so that a crash or a conflict may fall between any two writes and the next reconcile still finds a
// state that it understands.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "world/api.h"
#include "world/verdict.h"
#include "world/versions.h"

namespace reprieve::world {

// Writes of a plan are requests, or one of these, which takes several or needs what only the plan knows.

// Takes the finalizer away, then deletes: such a pod is never counted as a failure (spec/job.md 2.11).
struct RemovePod {
  PodReference pod;
  std::string_view finalizer;  // a name with static storage
};
// Of the plan's Job. A later one of the same plan builds on the version that the former one made.
struct WriteJobStatus {
  std::unique_ptr<batch::JobStatus> status;
};
// Likewise of the plan's JobSet.
struct WriteJobSetStatus {
  std::unique_ptr<jobset::JobSetStatus> status;
};
// A full update of a child Job, of the version that `job` has.
struct ReviseJob {
  std::shared_ptr<batch::Job> job;
  // Before it the status loses its startTime: validation keeps the template of a Job that has started
  // (spec/jobset.md 2.8).
  bool clear_start_time = false;
};
// Records why in a condition, then deletes the pod.
struct DisruptPod {
  PodReference pod;
  std::string_view reason;
  std::string_view message;  // static storage as well
};
// It counts as lost: failed by a disruption, then deleted without grace. A finalizer may still hold the object.
struct LosePod {
  PodReference pod;
  std::string_view reason;
  std::string message;
};
struct RecordEvent {
  bool warning = false;
  SharedString reason;
  std::string message;
};

// Child Jobs of one stage are all tried, and failures recorded in one event; a claim that is there already is as good.
using Write = std::variant<CreatePod, DeletePod, RemovePod, RemovePodFinalizer, AdoptPod, ReleasePod, WriteJobStatus,
                           DeleteJob, RemoveJobFinalizer, CreateJob, ReviseJob, ResizeJob, WriteJobSetStatus,
                           DeleteJobSet, RemoveJobSetFinalizer, CreateService, DeleteService, CreateClaim, DeleteClaim,
                           DisruptPod, LosePod, RecordEvent>;

struct Stage {
  std::vector<Write> writes;
};

struct PlanReport;

struct Plan {
  Subject subject;
  meta::Uid uid;                               // of the subject
  meta::ResourceVersion resource_version = 0;  // of the subject as it was looked at
  std::vector<Stage> stages;
  std::optional<Time> requeue_at;  // reconcile again then, whatever happens before
  std::vector<Verdict> verdicts;   // for the ledger, once they hold
  // The verdicts hold once that many stages are done, since the status that they describe is written by then; absent:
  // once all are.
  std::optional<std::size_t> decided_after;

  Stage& AddStage() { return stages.emplace_back(); }
  // The verdicts hold.
  bool DecidedBy(const PlanReport& report) const;
  // They may hold: the write that makes them hold got no answer.
  bool PerhapsDecidedBy(const PlanReport& report) const;
};

// How far a plan got.
struct PlanReport {
  std::size_t stages_done = 0;
  WriteCode failure = WriteCode::kOk;  // of the first write that failed
  bool creation_failed = false;        // that write was a creation
  std::string message;
  Versions written;  // the newest that the plan's writes made; 0: none
  bool complete() const { return failure == WriteCode::kOk; }
};

}  // namespace reprieve::world
