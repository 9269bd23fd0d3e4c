// The Jobs and JobSets of a run as `kubectl get jobs,jobsets` would show them. Pure.
#pragma once

#include <string>

#include "store/store.h"

namespace reprieve::cli {

// One table for each kind that there is, with an empty line between them; with a column for the namespace if there is
// more than one. Jobs that a JobSet has made are shown as well.
std::string ObjectTables(const store::Store& store, Time now);

}  // namespace reprieve::cli
