// The agent inside a pod of a JobSet that restarts in place: `reprieve agent`.
//
//   JobSetLink -> policy::InPlaceAgent -> report | barrier: Worker or BarrierServer | exit, and the pod restarts
//
// Source: spec/jobset.md 2.14. One thread. It changes the process's signal handling, so run only one.
#pragma once

#include <functional>
#include <string>

#include "agent/jobset_link.h"
#include "agent/options.h"

namespace reprieve::agent {

// Runs until the worker ends, a signal comes, or the pod is to restart. Returns the exit code. `say`: a line for
// people.
int Run(const Options& options, JobSetLink& link, const std::function<void(const std::string&)>& say);

}  // namespace reprieve::agent
