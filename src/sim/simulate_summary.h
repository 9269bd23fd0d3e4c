// What many runs of a scenario say together: means with their confidence, percentiles, waste by cause.
//
// Pure; safe from any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario_run.h"
#include "sim/statistics.h"

namespace reprieve::sim {

struct CauseSummary {
  std::string name;
  Estimate strikes;        // how often it struck
  Estimate interruptions;  // of them, those that broke the work
  Estimate node_hours;     // wasted: lost, waiting and restarting
  Estimate cost;
  double lost_share = 0;  // of the waste: work that was done twice
  double waiting_share = 0;
  double restart_share = 0;
};

struct Summary {
  std::size_t runs = 0;
  std::size_t completed = 0;
  std::map<std::string, std::size_t> failed;  // runs by "JobSet train: ReachedMaxRestarts"
  std::size_t unfinished = 0;                 // at the horizon
  std::optional<Estimate> finish_hours;       // of runs that completed
  std::vector<double> finish_samples;         // in hours, sorted
  Estimate goodput;                           // useful over paid node time
  Estimate effective;                         // useful over the time since the work began, of the gangs' own nodes
  Estimate paid_node_hours;
  Estimate cost;
  Estimate wasted_node_hours;
  Estimate wasted_cost;
  Estimate interruptions;
  std::vector<CauseSummary> causes;          // the costliest first
  std::map<std::string, Estimate> restarts;  // by what decided
};

[[nodiscard]] Summary Summarize(const Scenario& scenario, const std::vector<RunResult>& runs);

// Useful over paid node time of one run.
[[nodiscard]] double GoodputOf(const RunResult& run);
// What one run has wasted, in node-hours.
[[nodiscard]] double WastedNodeHours(const RunResult& run);

}  // namespace reprieve::sim
