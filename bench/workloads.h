// The benchmarks' workloads. Each returns its figures.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
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

// Aborts unless every index of the Job completes, so that no wrong run is measured.
SimulatedCost RunSimulatedJob(const SimulatedJob& job);

std::vector<Figure> JobLifecycle(const std::string& self);
std::vector<Figure> JobFailures(const std::string& self);

// One JobSet of `jobs` child Jobs, in the simulated world. One pod of five per Job fails and the whole JobSet is
// restarted, or, with `mass_failure`, every Job (of one pod) fails at the same instant and is restarted by itself; with
// `one_by_one` too, each Job fails at a different instant.
struct SimulatedJobSet {
  std::int64_t jobs = 100;
  bool mass_failure = false;
  bool one_by_one = false;
};

// Seconds of processor time from the failure until all pods are ready again. Aborts if that does not happen.
double RunSimulatedJobSet(const SimulatedJobSet& wanted);

std::vector<Figure> JobSetRestart(const std::string& self);
std::vector<Figure> JobSetMassFailure(const std::string& self);

// What pods' lives cost: from their creation to their end.
struct PodLives {
  double seconds = 0;  // of processor time
  std::int64_t pods = 0;
  std::int64_t failures = 0;
};
// Days of a cluster of that many nodes by `simulate`'s model: one gang with a pod on each, 6.5 failures per 1,000
// node-days, or those of the Llama 3 preset.
PodLives RunScenario(std::int64_t nodes, double days, bool llama);
// A JobSet of one Job of that many pods in the simulated world, which is restarted so many times.
PodLives RunGang(std::int64_t pods, int restarts);
std::vector<Figure> Simulate(const std::string& self);

// The instructions that callgrind counts in the function of that name in this namespace, in a separate process that
// gets these arguments; below 0 without valgrind.
double CountInstructions(const std::string& self, std::string_view function, std::string_view arguments);

std::vector<Figure> RunTrue(const std::string& self);
// Needs root, to give volumes to a group.
std::vector<Figure> RunHooks(const std::string& self);
std::vector<Figure> RunRestart(const std::string& self);
std::vector<Figure> FirstProcess(const std::string& self);
// Need a container engine; without one they return nothing and say why.
std::vector<Figure> ImageTrue(const std::string& self);
std::vector<Figure> FirstContainer(const std::string& self);
std::vector<Figure> Help(const std::string& self);
std::vector<Figure> LintManifests(const std::string& self);
std::vector<Figure> DecodePods(const std::string& self);
std::vector<Figure> TestCases(const std::string& self);
std::vector<Figure> SimulateCores(const std::string& self);
std::vector<Figure> StartVerbs(const std::string& self);

}  // namespace reprieve::bench
