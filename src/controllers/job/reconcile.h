// The Job reconciler: from what is known of a Job and its pods, and the time, to a Plan.
//
// Source: spec/job.md 2.4 to 2.14. Pure: no I/O, no clock, no lock. Called on the engine's thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/duties.h"
#include "controllers/job/view.h"
#include "policy/backoff.h"
#include "world/plan.h"

namespace reprieve::controllers {

struct ReconcileOptions {
  policy::BackoffDelays delays;
  // False after a creation has failed in this round: account for what there is, create nothing.
  bool may_create = true;
  // KEP-5440: a suspended Job loses its startTime.
  bool clear_start_time_on_suspend = true;
  Duties duties{};
};

// What a pass does to pods, in upstream's words (spec/job.md 2.19).
enum class JobAction : std::uint8_t { kReconciling, kTracking, kPodsCreated, kPodsDeleted };

struct JobFinish {
  bool success = false;
  std::string reason;
};

// For metrics: what a plan does. All but the first hold once the plan is decided, the end once it is complete.
struct JobTally {
  JobAction action = JobAction::kReconciling;
  // Pods and indexes that are accounted for by it.
  std::int64_t succeeded_pods = 0, failed_pods = 0;
  std::int64_t succeeded_indexes = 0, failed_indexes = 0;
  // Failures that a rule has handled, by its action.
  std::array<std::int32_t, 5> by_policy{};
  std::optional<JobFinish> finish;
};

struct JobDecision {
  world::Plan plan;
  JobTally tally;
  // What the view's back-off record becomes once that many stages are done (spec/job.md 2.6); absent: it stays.
  std::optional<policy::BackoffRecord> backoff;
  std::size_t backoff_after_stages = 0;
  // The failures that the plan's verdicts are about, and those that need no verdict.
  std::vector<ReportedPod> reported;
};

// `orphans`: pods without a controller that the Job's selector matches (spec/job.md 2.5).
// REQUIRES: view.has_job().
[[nodiscard]] JobDecision ReconcileJob(const JobView& view, const std::vector<const core::Pod*>& orphans, Time now,
                                       const ReconcileOptions& options);

}  // namespace reprieve::controllers
