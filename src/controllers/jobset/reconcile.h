// The JobSet reconciler: from what is known of a JobSet and its child Jobs, and the time, to a Plan.
//
// Source: spec/jobset.md 2, 3. Pure: no I/O, no clock, no lock. Called on the engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/jobset/view.h"
#include "world/plan.h"

namespace reprieve::controllers {

// What the world has beside the JobSet and its Jobs.
struct JobSetSurroundings {
  bool service_exists = false;  // one of the headless Service's name, whoever owns it
  // By template in the order of the policies: the claim is there already.
  std::vector<bool> claim_exists;
  // Until then a status that differs from the stored one in its counts of Jobs alone is not written.
  Time counts_from = Time::min();
};

enum class JobSetEnd : std::uint8_t { kCompleted, kFailed };

// What a pass decides for the JobSet as a whole. It holds once the status is written.
struct JobSetOutcome {
  std::vector<world::Verdict> verdicts;
  std::optional<JobSetEnd> end;  // that the pass gives it
  // The counters of that status.
  std::int64_t restarts = 0, counted_restarts = 0, job_restarts = 0;

  bool empty() const { return verdicts.empty() && !end; }
  // That status is the JobSet's.
  [[nodiscard]] bool ShownBy(const jobset::JobSetStatus& status) const;
};

struct JobSetDecision {
  world::Plan plan;
  JobSetOutcome outcome;
  bool writes_status = false;
  // Why nothing can be decided; empty: it could. Whoever fixes the object wakes the JobSet again.
  std::string problem;
};

// REQUIRES: view.has_jobset().
[[nodiscard]] JobSetDecision ReconcileJobSet(const JobSetView& view, const JobSetSurroundings& surroundings, Time now);

// The names that surroundings are asked for.
[[nodiscard]] std::string HeadlessServiceName(const jobset::JobSet& jobset);
[[nodiscard]] std::string ClaimName(const jobset::JobSet& jobset, const core::PersistentVolumeClaim& claim);

}  // namespace reprieve::controllers
