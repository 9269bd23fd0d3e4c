// test, simulate_cores, start_verbs: the verbs of foresight as a user starts them.
#include <algorithm>
#include <fstream>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "processes.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

constexpr int kCases = 2'000;
constexpr double kCasesPerSecond = 2'000;
constexpr double kMoreThanHelpMs = 5;
constexpr double kFasterOnTwoCores = 1.8;
constexpr int kRepeats = 15;

constexpr const char* kJob =
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: train}\nspec:\n  completions: 3\n  parallelism: 3\n"
    "  completionMode: Indexed\n  podFailurePolicy:\n    rules:\n"
    "    - {action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}\n"
    "  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: main, image: train, command: "
    "[train]}]\n";

constexpr const char* kScenario =
    "apiVersion: reprieve.dev/v1alpha1\nkind: Scenario\nmanifests: [job.yaml]\n"
    "cluster: {pools: [{nodes: 3, spares: 1}]}\n"
    "failures: [{name: hardware, exponential: {mean: 2d}, causes: [{name: any, event: node is drained, repair: 1h}]}]\n"
    "work: [{duration: 20d, checkpoint: {every: 1h}}]\nhorizon: 60d\n";

// Processor time of one start, in milliseconds, the middle one of several.
double StartOf(const std::string& command) {
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    const double begin = ChildrenTime();
    REPRIEVE_CHECK(Shell(Cat(command, " > /dev/null")) == 0, command);
    times.push_back((ChildrenTime() - begin) * 1e3);
  }
  return Median(std::move(times));
}

}  // namespace

std::vector<Figure> TestCases(const std::string& self) {
  const Scratch scratch;
  std::ofstream(scratch / "job.yaml") << kJob;
  {
    std::ofstream file(scratch / "many-test.yaml");
    file << "kind: PolicyTest\nmanifests: [job.yaml]\ncases:\n";
    for (int i = 0; i < kCases; ++i) {
      const bool fails = i % 2 == 0;
      file << "- name: case " << i << "\n  when: [pod train-" << i % 3 << " exits " << (fails ? 42 : 1) << " at "
           << 10 + i % 40 << "s]\n  expect: [Job train " << (fails ? "fails because PodFailurePolicy" : "completes")
           << "]\n";
    }
  }
  const double begin = ChildrenTime();
  const int code = Shell(Cat(ReprieveBeside(self), " test ", scratch / "many-test.yaml", " > /dev/null"));
  REPRIEVE_CHECK(code == 0, "all cases pass");
  return {AtLeast("test", kCases / (ChildrenTime() - begin), "cases/s", "the target", kCasesPerSecond, 1)};
}

std::vector<Figure> SimulateCores(const std::string& self) {
  const Scratch scratch;
  std::ofstream(scratch / "job.yaml") << kJob;
  std::ofstream(scratch / "scenario.yaml") << kScenario;
  // In turns, so that both meet the machine at its fastest.
  double one = 1e9;
  double two = 1e9;
  for (int i = 0; i < 3; ++i) {
    for (const int workers : {1, 2}) {
      const double begin = Now();
      const int code = Shell(Cat("taskset -c 0", workers == 2 ? ",1 " : " ", ReprieveBeside(self), " simulate ",
                                 scratch / "scenario.yaml", " --runs 100 > /dev/null"));
      REPRIEVE_CHECK(code == 0, "the scenario is simulated");
      double& best = workers == 1 ? one : two;
      best = std::min(best, Now() - begin);
    }
  }
  return {AtLeast("simulate_cores", 100 / two, "runs/s on two cores", "one core", 100 / one, kFasterOnTwoCores)};
}

std::vector<Figure> StartVerbs(const std::string& self) {
  const Scratch scratch;
  std::ofstream(scratch / "job.yaml") << kJob;
  std::ofstream(scratch / "scenario.yaml") << kScenario;
  std::ofstream(scratch / "one-test.yaml")
      << "kind: PolicyTest\nmanifests: [job.yaml]\ncases:\n- name: it completes\n  expect: [Job train completes]\n";
  const std::string reprieve = ReprieveBeside(self);
  const double reference = StartOf(Cat(reprieve, " --help")) + kMoreThanHelpMs;
  std::vector<Figure> out;
  for (const auto& [verb, arguments] : {std::pair<std::string, std::string>{"lint", scratch / "job.yaml"},
                                        {"test", scratch / "one-test.yaml"},
                                        {"explain", scratch / "job.yaml"},
                                        {"simulate", Cat("--runs 1 ", scratch / "scenario.yaml")}}) {
    const double took = StartOf(Cat(reprieve, " ", verb, " ", arguments));
    out.push_back(AtMost(Cat("start_verbs/", verb), took, "ms of processor time", "--help and 5 ms", reference, 1));
  }
  return out;
}

}  // namespace reprieve::bench
