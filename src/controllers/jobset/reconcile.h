// The JobSet reconciler: from what is known of a JobSet and its child Jobs, and the time, to a Plan.
//
// Source: spec/jobset.md 2, 3. Pure: no I/O, no clock, no lock. Called on the engine's thread.
#pragma once

#include <string>

#include "controllers/jobset/view.h"
#include "world/plan.h"

namespace reprieve::controllers {

// What the world has beside the JobSet and its Jobs.
struct JobSetSurroundings {
  bool service_exists = false;  // one of the headless Service's name, whoever owns it
  // By template in the order of the policies: the claim is there already.
  std::vector<bool> claim_exists;
};

struct JobSetDecision {
  world::Plan plan;
  // Why nothing can be decided; empty: it could. Whoever mends the object wakes the JobSet again.
  std::string problem;
};

// REQUIRES: view.has_jobset().
[[nodiscard]] JobSetDecision ReconcileJobSet(const JobSetView& view, const JobSetSurroundings& surroundings, Time now);

// The names that surroundings are asked for.
[[nodiscard]] std::string HeadlessServiceName(const jobset::JobSet& jobset);
[[nodiscard]] std::string ClaimName(const jobset::JobSet& jobset, const core::PersistentVolumeClaim& claim);

}  // namespace reprieve::controllers
