// What runs of Reprieve that were killed have left in a container engine: containers and networks with the label of a
// run whose process is gone. What belongs to others, or to a run that lives, is left alone.
//
// Source: EngineName (runtime/cgroup.h), which is the label's value. Thread rules: from any thread but the loop's,
// which it waits for. Errors: what could not be listed or removed is told.
#pragma once

#include <string>
#include <vector>

#include "runtime/docker/engine_client.h"

namespace reprieve::runtime::docker {

struct Swept {
  std::vector<std::string> removed;  // container NAME, network NAME; what would be, if nothing is to be changed
  std::vector<std::string> failed;   // why, a sentence each
  std::size_t living = 0;            // containers of runs that live
};

Swept SweepDeadRuns(EngineClient& engine, bool dry_run = false);

// Whether the run with that label is over. One in another PID namespace can't be seen, and counts as living.
bool IsDeadRun(const std::string& label);

}  // namespace reprieve::runtime::docker
