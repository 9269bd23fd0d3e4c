// What `reprieve explain` says of the objects of a replayed history, held against what the controllers decided in it.
//
// The objects go through JSON, as a dump of them would.
#pragma once

#include <string>
#include <vector>

#include "oracle/replay.h"
#include "sim/simulation.h"

namespace reprieve::oracle {

// Where it says nothing of a failed pod that is still there, or says something else than the controller has decided: of
// a pod's rule and action, of what ended a Job or JobSet.
[[nodiscard]] std::vector<Difference> DifferencesOfExplanation(const std::string& step, sim::Simulation& sim);

}  // namespace reprieve::oracle
