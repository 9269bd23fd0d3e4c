// One reconcile of one Job in the making: what its steps hand to each other. For controllers/job only.
//
// The steps, in their order: Count, DecideEnd, (DeleteActive | Manage), Track, Explain. Each is a file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/job/reconcile.h"

namespace reprieve::controllers::job {

inline constexpr std::size_t kMaxUncountedPods = 500;     // recorded per status write (spec/job.md 2.1)
inline constexpr std::size_t kMaxPodWritesPerSync = 500;  // creations or deletions (spec/job.md 2.1)

// How the Job is about to end: an interim condition that becomes Complete or Failed once all pods are accounted for.
struct EndState {
  bool success = false;
  std::string reason;
  std::string message;

  std::string_view interim() const { return success ? "SuccessCriteriaMet" : "FailureTarget"; }
  std::string_view final() const { return success ? "Complete" : "Failed"; }
};

struct Sync {
  Sync(const JobView& v, Time t, const ReconcileOptions& o)
      : view(v), job(v.job()), spec(*v.job().spec), now(t), options(o), status(v.job().status) {}

  const JobView& view;
  const batch::Job& job;
  const batch::JobSpec& spec;
  const Time now;
  const ReconcileOptions& options;

  batch::JobStatus status;  // the working copy
  JobDecision decision;

  // Count
  std::vector<const TrackedPod*> accountable;  // those of the view, in order
  std::int32_t active = 0, ready = 0, terminating = 0;
  std::int64_t succeeded = 0, failed = 0;
  policy::BackoffRecord backoff;
  std::optional<EndState> end;
  bool ended_before = false;  // `end` was in the status already
  // Indexed with backoffLimitPerIndex: the failed pod of an index that keeps its finalizer until it is replaced.
  std::map<CompletionIndex, const TrackedPod*> delayed;
  // Manage
  bool suspend_changed = false;
  std::optional<EndState> event_end;  // the Job is finished by this plan
  std::vector<world::RecordEvent> events;

  world::Plan& plan() { return decision.plan; }
  void LookAgain(Time when) {
    if (!plan().requeue_at || when < *plan().requeue_at) plan().requeue_at = when;
  }
  // Valid index of this Job, or any pod of a NonIndexed one.
  bool Eligible(const TrackedPod& pod) const {
    return pod.finalizer && (!spec.indexed() || (pod.index >= 0 && pod.index < spec.completions.value_or(0)));
  }
};

void Count(Sync& sync);
void DecideEnd(Sync& sync);
// Deletes all active pods: an end state is pending.
void DeleteActive(Sync& sync);
// Creates or removes pods, and maintains Suspended.
void Manage(Sync& sync);
void MaintainSuspended(Sync& sync);
// The finalizer protocol: record, release, settle, finish.
void Track(Sync& sync);
// The verdicts of pods that have failed since the last reconcile, and of the Job's end.
void Explain(Sync& sync);

// Sets the condition unless it is so already; true if it has changed (spec/job.md 2.12 "ensure").
bool EnsureCondition(batch::JobStatus& status, std::string_view type, bool value, std::string_view reason,
                     std::string_view message, Time now);

}  // namespace reprieve::controllers::job
