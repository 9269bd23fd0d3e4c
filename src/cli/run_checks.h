// What `run` refuses before anything starts: what could never run here, what would never end, and events of --inject
// that could never happen.
//
// Pure, but for what the world says of this machine.
#pragma once

#include <string>
#include <vector>

#include "cli/load.h"
#include "node/local_world.h"
#include "world/incident.h"

namespace reprieve::cli {

// Adds to loaded.errors, and to loaded.warnings what has no effect on pods here. `first_path`: whom to blame if there
// is nothing to run. `incidents`: of --inject; one may resume what is suspended.
void CheckRunnable(const node::LocalWorld& world, const std::string& first_path,
                   const std::vector<world::Incident>& incidents, Loaded& loaded);

// What is suspended is not, for this run.
void Resume(Loaded& loaded);

// Reads the events of --inject; what is wrong is added to `errors`, at its word.
std::vector<world::Incident> ReadInjections(const std::vector<std::string>& texts,
                                            const std::vector<scheduler::Node>& nodes, const Loaded& loaded,
                                            std::vector<Diagnostic>& errors);

}  // namespace reprieve::cli
