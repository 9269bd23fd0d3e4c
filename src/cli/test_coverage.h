// Which parts of failure policies the cases of policy tests have exercised: rules, and limits.
//
// A part is named as people say it: "rule 2 of Job train", "backoffLimit of Job train-workers-0". Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/load.h"
#include "sim/case_history.h"

namespace reprieve::cli {

struct PolicyPart {
  std::string name;   // as NoteExercised notes it
  std::string place;  // "train.yaml:23"; empty: nowhere
};

// Adds the names of all parts that decided something.
void NoteExercised(const sim::CaseHistory& history, std::set<std::string>& out);

// All parts that there are, in the order of the manifests.
[[nodiscard]] std::vector<PolicyPart> PartsOf(const Loaded& loaded);

}  // namespace reprieve::cli
