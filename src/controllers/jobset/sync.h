// One reconcile of one JobSet in the making: what its steps hand to each other. For controllers/jobset only.
//
// The steps stand in reconcile.cc in upstream's order; each is a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controllers/jobset/reconcile.h"
#include "model/jobset_extensions.h"

namespace reprieve::controllers::jobsets {

struct Sync {
  Sync(const JobSetView& v, const JobSetSurroundings& s, Time t)
      : view(v),
        jobset(v.jobset()),
        spec(*v.jobset().spec),
        surroundings(s),
        now(t),
        extensions(jobset::ReadExtensions(v.jobset().metadata.annotations)),
        status(v.jobset().status),
        counted_job_restarts(v.counted_job_restarts()) {}

  const JobSetView& view;
  const jobset::JobSet& jobset;
  const jobset::JobSetSpec& spec;
  const JobSetSurroundings& surroundings;
  const Time now;
  const jobset::Extensions extensions;

  jobset::JobSetStatus status;             // the working copy
  std::int64_t counted_job_restarts = 0;   // the sum of its jobRestartsCountTowardsMax
  std::vector<world::RecordEvent> events;  // once the status is written
  JobSetDecision decision;

  world::Plan& plan() { return decision.plan; }
  const model::FeatureGates& gates() const { return view.gates(); }
  std::int64_t total_replicas() const { return view.layout().total_replicas; }
  // Of the replicated job at that position. REQUIRES: CountJobs has been called.
  const jobset::ReplicatedJobStatus& StatusOf(std::size_t position) const {
    return status.replicated_jobs_status[view.layout().places[position].in_status];
  }
  jobset::ReplicatedJobStatus& StatusOf(std::size_t position) {
    return status.replicated_jobs_status[view.layout().places[position].in_status];
  }
};

// Sets a condition by the mechanics of spec/jobset.md 2.15, and announces the change.
void SetCondition(Sync& sync, std::string_view type, bool value, std::string_view reason, std::string_view message);

// replicatedJobsStatus (spec/jobset.md 2.5).
void CountJobs(Sync& sync);
// The JobSet has ended: what still runs goes, and after its time the JobSet too (spec/jobset.md 2.12).
void Finish(Sync& sync);
// One rule and one Job after another, until none is left or the JobSet as a whole is concerned (3).
void ApplyFailurePolicy(Sync& sync);
// True if it completes the JobSet (spec/jobset.md 2.6).
bool ApplySuccessPolicy(Sync& sync);
void EnsureService(Sync& sync);
void EnsureClaims(Sync& sync);
void ResizeJobs(Sync& sync);
void CreateJobs(Sync& sync);
void Suspend(Sync& sync);
void Resume(Sync& sync);
void RestartInPlace(Sync& sync);

// Failed: nothing comes after (spec/jobset.md 3.3).
void Fail(Sync& sync, std::string_view reason, const std::string& message);

// Beyond upstream, where the JobSet asks for it (beyond.cc).
//
// Whether all Jobs are ready, and since when; budgets that are whole again for it.
void NoteHealth(Sync& sync);
// A rule's own budget is used up.
bool RuleIsExhausted(const Sync& sync, const std::string& rule);
// What there is to say of a restart's budget and delay.
struct RestartNote {
  std::string text;
  std::optional<Nanoseconds> wait;
};
// A restart is decided, by the rule of that name (empty: by none), the first of its pass or a further one, of all Jobs
// or of a single one.
RestartNote NoteRestart(Sync& sync, const std::string& rule, bool first, bool of_all);
// Which Jobs must not be recreated yet.
enum class Held : std::uint8_t {
  kNone,
  kRestarted,  // those that have been restarted by themselves
  kAll,
};
Held HeldByDelay(Sync& sync);

// Every dependency of this replicated job is as far as it must be (spec/jobset.md 2.7).
bool DependenciesMet(const Sync& sync, std::size_t position);
// All its Jobs are ready or have ended (spec/jobset.md 2.7).
bool Started(const Sync& sync, std::size_t position);

// The child Job of that replicated job and index, as it is to be created (spec/jobset.md 2.9).
std::unique_ptr<batch::Job> MakeJob(const Sync& sync, std::size_t position, std::int32_t index);

meta::OwnerReference OwnerReferenceTo(const jobset::JobSet& jobset);

}  // namespace reprieve::controllers::jobsets
