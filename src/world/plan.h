// Plan: what a reconciler wants done, as a value. Decide first, then apply.
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

struct CreatePod {
  std::unique_ptr<core::Pod> pod;
};
// Delete only: the finalizer stays, so that the pod is counted once it has ended.
struct DeletePod {
  PodReference pod;
};
// Takes the finalizer away, then deletes: such a pod is never counted as a failure (spec/job.md 2.11).
struct RemovePod {
  PodReference pod;
  std::string_view finalizer;  // a name with static storage, here and below
};
struct RemovePodFinalizer {
  PodReference pod;
  std::string_view finalizer;
};
struct AdoptPod {
  PodReference pod;
  std::shared_ptr<const meta::OwnerReference> owner;
  std::string_view finalizer;
};
struct ReleasePod {
  PodReference pod;
  meta::Uid owner_uid;
  std::string_view finalizer;
};
struct WriteJobStatus {
  std::unique_ptr<batch::JobStatus> status;
};
struct DeleteJob {
  Propagation propagation = Propagation::kForeground;
};
struct RemoveJobFinalizer {
  std::string_view finalizer;
};
// A child Job of a JobSet. Those of one stage are all tried; failures are recorded in one event.
struct CreateJob {
  std::unique_ptr<batch::Job> job;
};
// A full update of the version that `job` has.
struct UpdateJob {
  std::unique_ptr<batch::Job> job;
  // Before it the status loses its startTime: validation keeps the template of a Job that has started
  // (spec/jobset.md 2.8).
  bool clear_start_time = false;
};
struct ResizeJob {
  meta::ObjectKey job;
  std::optional<std::int32_t> parallelism;
  std::optional<std::int32_t> completions;
};
struct DeleteChildJob {
  meta::ObjectKey job;
  meta::Uid uid;
  Propagation propagation = Propagation::kForeground;
};
struct WriteJobSetStatus {
  std::unique_ptr<jobset::JobSetStatus> status;
};
struct DeleteJobSet {
  Propagation propagation = Propagation::kForeground;
};
struct RemoveJobSetFinalizer {
  std::string_view finalizer;
};
struct CreateService {
  std::unique_ptr<core::Service> service;
};
struct DeleteService {
  meta::ObjectKey service;
  meta::Uid uid;
};
// One that is there already is as good.
struct CreateClaim {
  std::unique_ptr<core::PersistentVolumeClaim> claim;
};
struct DeleteClaim {
  meta::ObjectKey claim;
  meta::Uid uid;
};
// Records why in a condition, then deletes the pod.
struct DisruptPod {
  PodReference pod;
  std::string_view reason;
  std::string_view message;
};
// It counts as lost: failed by a disruption, and gone at once.
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

// Large payloads are held by pointer: every write of a stage takes as much memory as the largest alternative.
using Write = std::variant<CreatePod, DeletePod, RemovePod, RemovePodFinalizer, AdoptPod, ReleasePod, WriteJobStatus,
                           DeleteJob, RemoveJobFinalizer, CreateJob, UpdateJob, ResizeJob, DeleteChildJob,
                           WriteJobSetStatus, DeleteJobSet, RemoveJobSetFinalizer, CreateService, DeleteService,
                           CreateClaim, DeleteClaim, DisruptPod, LosePod, RecordEvent>;

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

// Applies `plan` to `api` stage by stage, and takes from it what it creates. Within a stage every write is tried, but
// creations stop at the first failure. Announces what was created and deleted, as upstream's controllers do.
PlanReport Apply(Plan& plan, Time now, Api& api);

}  // namespace reprieve::world
