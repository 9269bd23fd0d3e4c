// One run of a scenario: what came of the work, what it cost, and why.
//
// Same scenario, objects and seed: the same result, to the byte. One thread; several runs may go on in several
// processes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/case_run.h"
#include "sim/gang.h"
#include "sim/scenario.h"
#include "world/watcher.h"

namespace reprieve::sim {

struct ObjectResult {
  std::string name;               // "JobSet train"
  std::string end;                // "completed", "failed" or "unfinished"
  std::string reason;             // of a failure
  std::optional<Nanoseconds> at;  // since the beginning
};

struct RunResult {
  std::uint64_t seed = 0;
  std::vector<ObjectResult> objects;
  std::vector<GangResult> gangs;
  Nanoseconds took{};          // until all had ended, or the horizon
  double paid_node_hours = 0;  // of all nodes, spares too
  double cost = 0;
  std::map<std::string, std::int64_t> strikes;   // by cause
  std::map<std::string, std::int64_t> restarts;  // by what decided: "rule 2 RestartJobSet of JobSet train (t.yaml:9)"
  std::int64_t pods = 0;                         // that were created

  bool completed() const;
};

// The nodes of the scenario's pools, and the rack of each (-1: none).
struct ScenarioNodes {
  std::vector<scheduler::Node> nodes;
  std::vector<std::int32_t> racks;
};
[[nodiscard]] ScenarioNodes NodesOf(const Scenario& scenario, const CaseObjects& objects);

// Why the work can't be done in this cluster, ever; nullopt: it can.
[[nodiscard]] std::optional<std::string> WhyItNeverFits(const ScenarioNodes& nodes, const CaseObjects& objects);

// Who looks on: at each object as it changes, and at what fails, with `at` since the beginning.
struct ScenarioObserver {
  world::Watcher* watcher = nullptr;  // may be null
  std::function<void(const world::Incident&)> incident;
};

[[nodiscard]] RunResult PlayScenario(const Scenario& scenario, const ScenarioNodes& nodes, const CaseObjects& objects,
                                     std::uint64_t seed, const ScenarioObserver& observer = {});

}  // namespace reprieve::sim
