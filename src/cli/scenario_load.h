// A scenario with its manifests, or everything that is wrong with them; and the variants that --sweep and --compare
// make of it. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/load.h"
#include "cli/simulate_workers.h"
#include "sim/scenario.h"

namespace reprieve::cli {

// A scenario and objects of its own.
struct ScenarioVariant {
  std::string name;
  sim::Scenario scenario;
  std::vector<batch::Job> jobs;
  std::vector<jobset::JobSet> jobsets;
  sim::CaseObjects objects() const;
};

// One parameter and the values that are to be tried.
struct Sweep {
  std::string parameter;
  std::vector<std::string> values;
};

struct ScenarioRequest {
  std::string path;
  std::vector<std::string> compare;  // manifests, each instead of the scenario's; empty: none
  std::vector<Sweep> sweeps;         // every combination
  admission::ServerVersions servers;
};

struct LoadedScenario {
  std::vector<ScenarioVariant> variants;
  std::vector<Diagnostic> errors;
  std::string error;  // what no file is to blame for; empty: nothing
};

[[nodiscard]] LoadedScenario LoadScenario(const ScenarioRequest& request);

// "maxRestarts=1,3,10": nullopt: it can't be read. The parameters are in kSweepHelp.
[[nodiscard]] std::optional<Sweep> ParseSweep(const std::string& text);
inline constexpr const char* kSweepHelp =
    "Try every value: maxRestarts, backoffLimit, checkpoint, restart, duration or spares; again for a grid";

}  // namespace reprieve::cli
