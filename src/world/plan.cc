#include "world/plan.h"

namespace reprieve::world {

std::string_view NameOf(Kind kind) {
  return kind == Kind::kJobSet ? "JobSet" : "Job";
}

bool Plan::DecidedBy(const PlanReport& report) const {
  return decided_after ? report.stages_done >= *decided_after : report.complete();
}

bool Plan::PerhapsDecidedBy(const PlanReport& report) const {
  return report.failure == WriteCode::kUnavailable && decided_after && report.stages_done + 1 == *decided_after;
}

}  // namespace reprieve::world
