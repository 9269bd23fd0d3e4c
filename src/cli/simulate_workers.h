// Plays the runs of a scenario on several processors: each worker is a process of its own, so that a run costs what it
// costs alone, and a result does not depend on how many there are.
//
// One thread. While it waits it shows how far the runs are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/scenario_run.h"

namespace reprieve::cli {

struct WorkPlan {
  // Several scenarios and objects may be played in one go: each is one variant.
  struct Variant {
    const sim::Scenario* scenario = nullptr;
    sim::ScenarioNodes nodes;
    sim::CaseObjects objects;
  };
  std::vector<Variant> variants;
  std::vector<std::uint64_t> seeds;
  std::size_t workers = 1;
  bool progress = false;  // a line on standard error that repaints itself
};

struct WorkDone {
  // By variant, in the order of the seeds; those that were not played are missing.
  std::vector<std::vector<sim::RunResult>> runs;
  bool interrupted = false;
  std::size_t lost = 0;  // runs of workers that ended early, for want of memory say
};

[[nodiscard]] WorkDone PlayAll(const WorkPlan& plan);

}  // namespace reprieve::cli
