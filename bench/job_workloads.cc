// job_lifecycle and job_failures: the Job controller and failure policy on virtual time.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "admission/admission.h"
#include "base/check.h"
#include "base/text.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

using document::Value;

// The real control plane: 10,000 pods created and succeeded in 41 s (spec/job.md 7.2 has even slower figures).
constexpr double kRealControlPlanePodsPerSecond = 243;

// Pods run in waves of this size.
constexpr std::int64_t kParallelism = 1000;

Value PolicyOf20Rules() {
  Value policy = Value::MakeObject();
  Value& rules = policy.Set("rules", Value::MakeArray());
  for (int rule = 0; rule < 20; ++rule) {
    // Only the last rule has the pods' exit code, so that all rules are checked.
    const bool last = rule == 19;
    Value& made = rules.Append(Value::MakeObject());
    made.Set("action", Value::String(last ? "Count" : "FailJob"));
    Value& codes = made.Set("onExitCodes", Value::MakeObject());
    codes.Set("operator", Value::String("In"));
    Value& values = codes.Set("values", Value::MakeArray());
    for (int i = 0; i < 255; ++i) values.Append(Value::Int(last ? i + 1 : 1000 + 300 * rule + i));
  }
  return policy;
}

Value Manifest(const SimulatedJob& job) {
  Value manifest = Value::MakeObject();
  manifest.Set("apiVersion", Value::String("batch/v1"));
  manifest.Set("kind", Value::String("Job"));
  manifest.Set("metadata", Value::MakeObject()).Set("name", Value::String("bench"));
  Value& spec = manifest.Set("spec", Value::MakeObject());
  spec.Set("completionMode", Value::String("Indexed"));
  spec.Set("completions", Value::Int(job.pods));
  spec.Set("parallelism", Value::Int(kParallelism));
  if (job.failing) {
    spec.Set("backoffLimit", Value::Int(2147483647));
    spec.Set("podFailurePolicy", PolicyOf20Rules());
  }
  Value& pod = spec.At("template").At("spec");
  pod.Set("restartPolicy", Value::String("Never"));
  Value& container = pod.Set("containers", Value::MakeArray()).Append(Value::MakeObject());
  container.Set("name", Value::String("main"));
  container.Set("image", Value::String("img"));
  return manifest;
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// The fastest of several runs counts, as noise only adds: short runs are repeated often, those of a million pods twice.
std::size_t RunsOf(std::int64_t pods) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(500'000 / pods, 2, 100));
}

}  // namespace

SimulatedCost RunSimulatedJob(const SimulatedJob& job) {
  const double resident_before = ResidentBytes();
  sim::Simulation simulation({});
  std::int64_t created = 0;
  sim::ScriptedKubelet kubelet(simulation, [&](const core::Pod&) {
    sim::PodScript script;
    script.bound = Nanoseconds(0);
    script.running = Seconds(1);
    script.ended = Seconds(5);
    // A wave of failures, then a wave of successes: every index fails once.
    script.exit_code = job.failing && (created++ / kParallelism) % 2 == 0 ? 7 : 0;
    return script;
  });
  const meta::Uid uid = simulation.store().NewUid();
  const admission::Answer answer =
      admission::CreateJob(Manifest(job), {"bench", "", uid, simulation.store().NewNameSuffix(), simulation.Now()});
  REPRIEVE_CHECK(answer.ok(), answer.message);
  batch::Job admitted;
  FromValue(answer.object, admitted);

  const double begin = ProcessorTime();
  simulation.store().AddJob(std::move(admitted));
  simulation.RunUntilQuiet(simulation.Now() + std::chrono::hours(24 * 3650));
  SimulatedCost cost;
  cost.seconds = ProcessorTime() - begin;
  const batch::Job* done = simulation.store().FindJob({"bench", "bench"});
  REPRIEVE_CHECK(done != nullptr && done->status.IsTrue("Complete"), "the Job is complete");
  REPRIEVE_CHECK(done->status.succeeded == job.pods, "every index has succeeded");
  REPRIEVE_CHECK(done->status.failed == (job.failing ? job.pods : 0), "every failure is counted");
  cost.resident_bytes_per_pod = (ResidentBytes() - resident_before) / static_cast<double>(job.pods);
  return cost;
}

double CountInstructions(const std::string& self, std::string_view function, std::string_view arguments) {
  const std::string file = Cat("/tmp/reprieve-bench-callgrind.", static_cast<std::int64_t>(getpid()));
  const std::string command =
      Cat("valgrind --tool=callgrind --callgrind-out-file=", file, " --toggle-collect='reprieve::bench::", function,
          "*' ", self, " ", arguments, " >/dev/null 2>&1");
  if (std::system(command.c_str()) != 0) return -1;
  std::ifstream result(file);
  double instructions = -1;
  for (std::string line; std::getline(result, line);) {
    if (line.starts_with("totals: ")) instructions = std::strtod(line.c_str() + 8, nullptr);
  }
  std::remove(file.c_str());
  return instructions;
}

SimulatedCost QuickestOf(const std::vector<SimulatedCost>& runs) {
  return *std::min_element(runs.begin(), runs.end(),
                           [](const SimulatedCost& a, const SimulatedCost& b) { return a.seconds < b.seconds; });
}

// The time per pod of 1,000,000 pods compared with that of 10,000. The two run alternately, since a machine's speed
// changes within seconds.
Figure TimeOfAMillion() {
  constexpr int kTurns = 3;
  constexpr int kSmallRunsPerTurn = 20;
  std::vector<SimulatedCost> small;
  std::vector<SimulatedCost> large;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (int run = 0; run < kSmallRunsPerTurn; ++run) small.push_back(RunSimulatedJob({10'000, false}));
    large.push_back(RunSimulatedJob({1'000'000, false}));
  }
  return AtMost("job_lifecycle/1000000 time", QuickestOf(large).seconds * 1e9 / 1'000'000, "ns/pod",
                "job_lifecycle/10000", QuickestOf(small).seconds * 1e9 / 10'000, 1.3);
}

std::vector<Figure> JobLifecycle(const std::string& self) {
  std::vector<Figure> out;
  for (const std::int64_t pods : {1'000, 10'000, 100'000, 1'000'000}) {
    std::vector<SimulatedCost> runs(RunsOf(pods));
    for (SimulatedCost& run : runs) run = RunSimulatedJob({pods, false});
    const SimulatedCost cost = QuickestOf(runs);
    const double rate = static_cast<double>(pods) / cost.seconds;
    const std::string name = Cat("job_lifecycle/", pods);
    out.push_back(AtLeast(name, rate, "pods/s", "the real control plane", kRealControlPlanePodsPerSecond,
                          300'000 / kRealControlPlanePodsPerSecond));
    if (pods == 1'000'000) {
      out.push_back(TimeOfAMillion());
      // Of the first run: later ones reuse its memory.
      out.push_back(AtMost(name + " memory", runs.front().resident_bytes_per_pod, "bytes/pod", "the target", 4096, 1));
    }
  }
  const double few = CountInstructions(self, "RunSimulatedJob(", "--one 1000") / 1'000;
  const double many = CountInstructions(self, "RunSimulatedJob(", "--one 100000") / 100'000;
  if (few > 0 && many > 0) {
    out.push_back(AtMost("job_lifecycle/100000 instructions", many, "per pod", "job_lifecycle/1000", few, 1.05));
  } else {
    std::fprintf(stderr, "job_lifecycle instructions: skipped, valgrind does not run here\n");
  }
  return out;
}

std::vector<Figure> JobFailures(const std::string&) {
  std::vector<Figure> out;
  for (const std::int64_t pods : {1'000, 10'000, 100'000}) {
    std::vector<SimulatedCost> plain_runs(RunsOf(pods));
    std::vector<SimulatedCost> failing_runs(RunsOf(pods));
    for (std::size_t run = 0; run < plain_runs.size(); ++run) {
      plain_runs[run] = RunSimulatedJob({pods, false});
      failing_runs[run] = RunSimulatedJob({pods, true});
    }
    const double plain = QuickestOf(plain_runs).seconds;
    const double failing = QuickestOf(failing_runs).seconds;
    out.push_back(AtMost(Cat("job_failures/", pods), failing * 1e9 / static_cast<double>(pods), "ns/pod",
                         Cat("job_lifecycle/", pods), plain * 1e9 / static_cast<double>(pods), 2));
  }
  return out;
}

}  // namespace reprieve::bench
