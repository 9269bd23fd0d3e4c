// The workloads of the bench. Each returns its figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "figures.h"

namespace reprieve::bench {

// One Indexed Job of `pods` pods in the simulated world, from its creation to Complete. With `failing`, every pod fails
// once under a policy of 20 rules of 255 exit codes each.
struct SimulatedJob {
  std::int64_t pods = 1000;
  bool failing = false;
};

struct SimulatedCost {
  double seconds = 0;
  double resident_bytes_per_pod = 0;
};

// Aborts unless the Job completes with every index: a wrong run has no speed.
SimulatedCost RunSimulatedJob(const SimulatedJob& job);

std::vector<Figure> JobLifecycle(const std::string& self);
std::vector<Figure> JobFailures(const std::string& self);

// Instructions of RunSimulatedJob as callgrind counts them, in a process of its own; below 0 without valgrind.
double InstructionsOf(const std::string& self, const SimulatedJob& job);

std::vector<Figure> RunTrue(const std::string& self);
std::vector<Figure> FirstProcess(const std::string& self);
std::vector<Figure> Help(const std::string& self);

}  // namespace reprieve::bench
