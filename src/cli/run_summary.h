// The end of a run: totals, then what failed and where its logs are.
#pragma once

#include "cli/life.h"
#include "cli/run_output.h"
#include "node/machine.h"
#include "world/incident.h"

namespace reprieve::cli {

void PrintSummary(RunOutput& out, const RunLives& lives, const node::Machine& machine, bool interrupted);

// Text and JSON apart, for the one above.
void PrintTextSummary(RunOutput& out, const RunLives& lives, const node::Machine& machine, bool interrupted);
void PrintJsonSummary(RunOutput& out, const RunLives& lives, const node::Machine& machine);

document::Value IncidentEvent(const RunOutput& out, const world::Incident& incident,
                              const world::IncidentOutcome& outcome);

}  // namespace reprieve::cli
