#include "sim/scenario.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/text.h"
#include "sim/presets.h"
#include "sim/scenario_run.h"
#include "sim/statistics.h"
#include "sim/testing.h"

namespace reprieve::sim {
namespace {

Scenario Read(const std::string& text, std::vector<std::string>* errors = nullptr) {
  const admission::Manifests documents = admission::ParseManifests("s.yaml", text);
  std::vector<DocumentError> found;
  Scenario out = ReadScenario(
      documents.objects.at(0), [](const std::string&) -> Result<std::string> { return Error{"there is no such file"}; },
      found);
  for (const DocumentError& error : found) {
    if (errors != nullptr) errors->push_back(Cat(error.mark.line, " ", error.path, ": ", error.message));
    if (errors == nullptr) ADD_FAILURE() << error.path << ": " << error.message;
  }
  return out;
}

constexpr const char* kGang = R"(apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: train}
spec:
  failurePolicy: {maxRestarts: 1000000}
  replicatedJobs:
  - name: workers
    template:
      spec:
        completionMode: Indexed
        completions: 1
        parallelism: 1
        backoffLimit: 0
        template: {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: main, image: x}]}}
)";

// A gang whose pods exit 1 with this mean time between failures of the whole.
Scenario Failing(const std::string& mean, const std::string& work) {
  return Read(Cat("kind: Scenario\nmanifests: [x.yaml]\ncluster: {pools: [{nodes: 1, price: 2}], startAfter: 1ms}\n",
                  "failures: [{name: crash, per: job, exponential: {mean: ", mean,
                  "}, causes: [{name: bug, event: pod exits 1}]}]\nwork: [", work, "]\nhorizon: 3000d\n"));
}

TEST(ScenarioRun, WithoutFailuresAllTimeIsUseful) {
  const TestObjects objects(kGang);
  Scenario scenario = Failing("1h", "{duration: 10h, restart: 60s, checkpoint: {every: 1h, takes: 30s}}");
  scenario.failures.clear();
  const RunResult run = PlayScenario(scenario, NodesOf(scenario, objects.Get()), objects.Get(), 1);
  EXPECT_TRUE(run.completed());
  ASSERT_EQ(run.gangs.size(), 1U);
  EXPECT_DOUBLE_EQ(run.gangs[0].useful, 36'000);
  EXPECT_DOUBLE_EQ(run.gangs[0].checkpoints, 9 * 30);
  EXPECT_TRUE(run.gangs[0].waste.empty());
  EXPECT_NEAR(static_cast<double>(run.gangs[0].finished->count()) / 1e9, 36'000 + 60 + 270, 2);
  EXPECT_NEAR(run.cost, run.paid_node_hours * 2, 1e-9);
}

TEST(ScenarioRun, SameSeedSameResult) {
  const TestObjects objects(kGang);
  const Scenario scenario = Failing("1h", "{duration: 10h, restart: 60s, checkpoint: {every: 10m, takes: 30s}}");
  const ScenarioNodes nodes = NodesOf(scenario, objects.Get());
  const RunResult a = PlayScenario(scenario, nodes, objects.Get(), 7);
  const RunResult b = PlayScenario(scenario, nodes, objects.Get(), 7);
  EXPECT_EQ(a.took, b.took);
  EXPECT_EQ(a.strikes, b.strikes);
  EXPECT_EQ(a.restarts, b.restarts);
  EXPECT_NE(a.took, PlayScenario(scenario, nodes, objects.Get(), 8).took);
}

// Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps" (2006): with exponential
// failures the mean time is M e^(R/M) (e^((t + d)/M) - 1) T / t, where M is the mean time between failures, R the
// restart, t the work between checkpoints and d a checkpoint.
double Daly(double mean, double restart, double every, double takes, double work) {
  return mean * std::exp(restart / mean) * (std::exp((every + takes) / mean) - 1) * work / every;
}

std::vector<double> TimesToFinish(const Scenario& scenario, const TestObjects& objects, int runs) {
  const ScenarioNodes nodes = NodesOf(scenario, objects.Get());
  std::vector<double> out;
  for (int seed = 1; seed <= runs; ++seed) {
    const RunResult run = PlayScenario(scenario, nodes, objects.Get(), static_cast<std::uint64_t>(seed));
    EXPECT_TRUE(run.gangs.at(0).finished.has_value());
    out.push_back(static_cast<double>(run.gangs[0].finished.value_or(Nanoseconds(0)).count()) / 1e9);
  }
  return out;
}

TEST(ScenarioRun, TheMeanTimeToFinishIsDalys) {
  const TestObjects objects(kGang);
  const Scenario scenario = Failing("10h", "{duration: 2000h, restart: 10m, checkpoint: {every: 1h, takes: 5m}}");
  const Estimate mean = MeanOf(TimesToFinish(scenario, objects, 4));
  // What the controllers add to each restart: the pods' grace, and their own batches.
  const double daly = Daly(36'000, 600 + 3, 3'600, 300, 7.2e6);
  EXPECT_NEAR(mean.mean / daly, 1, 0.01) << mean.mean << " of " << daly << ", ±" << mean.half_width;
}

// Daly's optimum of the interval, to the order that the paper recommends.
double BestInterval(double mean, double takes) {
  const double x = takes / (2 * mean);
  return std::sqrt(2 * takes * mean) * (1 + std::sqrt(x) / 3 + x / 9) - takes;
}

// The runs of a sweep see the same failures, so that the differences between intervals are those of the intervals.
TEST(ScenarioRun, AtDalysIntervalTheCostIsASweepsMinimum) {
  const TestObjects objects(kGang);
  const double best = BestInterval(36'000, 300);
  const auto cost = [&](double factor, int runs) {
    const auto every = static_cast<std::int64_t>(best * factor);
    return MeanOf(TimesToFinish(Failing("10h", Cat("{duration: 1500h, restart: 10m, checkpoint: {every: ", every,
                                                   "s, takes: 5m}}")),
                                objects, runs))
        .mean;
  };
  const double at_best = cost(1, 4);
  double least = at_best;
  for (const double factor : {0.6, 0.8, 1.25, 1.6}) least = std::min(least, cost(factor, 4));
  EXPECT_LE(at_best / least, 1.002);
  EXPECT_GT(cost(4, 1) / at_best, 1.02);
}

// 32 of its 2,048 machines, each of which fails 64 times as often, so that the run is interrupted as often; what is
// assumed is that of examples/scenarios/llama-3.yaml.
TEST(ScenarioRun, Llama3SpendsMoreThanNineTenthsOfItsTimeAtWork) {
  std::string gang = kGang;
  for (const std::string_view count : {"completions: 1", "parallelism: 1"}) {
    gang.replace(gang.find(count), count.size(), Cat(count.substr(0, count.size() - 1), 32));
  }
  const TestObjects objects(gang);
  Scenario scenario = Read(
      "kind: Scenario\nmanifests: [x.yaml]\ncluster: {pools: [{nodes: 32, spares: 8}], startAfter: 30s}\n"
      "failures: [{preset: llama-3-405b}]\nwork: [{duration: 60d, restart: 2m, checkpoint: {every: 30m, takes: 15s}}]\n"
      "horizon: 20d\n");
  scenario.failures.front().hazard->scale_seconds /= 64;
  const RunResult run = PlayScenario(scenario, NodesOf(scenario, objects.Get()), objects.Get(), 1);
  std::int64_t failures = 0;
  for (const auto& [cause, count] : run.strikes) failures += count;
  EXPECT_NEAR(static_cast<double>(failures), 419 * 20 / 54.0 * 40 / 32, 40);
  const double at_work = run.gangs.at(0).useful / (static_cast<double>(run.took.count()) / 1e9);
  EXPECT_GT(at_work, 0.9);
  EXPECT_LT(at_work, 0.99);
}

TEST(Scenario, ThePresetsHaveTheirPapersInterruptions) {
  const auto llama = FindPreset("llama-3-405b");
  ASSERT_TRUE(llama.has_value());
  EXPECT_NEAR(2048 * 54 * 86'400.0 / llama->hazard->MeanSeconds(), 419, 0.5);
  double sum = 0;
  for (const FailureCause& cause : llama->causes) sum += cause.share;
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_NEAR(1000 * 86'400.0 / FindPreset("rsc-1")->hazard->MeanSeconds(), 6.50, 1e-9);
  EXPECT_NEAR(1000 * 86'400.0 / FindPreset("rsc-2")->hazard->MeanSeconds(), 2.34, 1e-9);
  EXPECT_FALSE(FindPreset("rsc-3").has_value());
}

TEST(Scenario, AllThatIsImpossibleIsSaid) {
  std::vector<std::string> errors;
  Read(R"(kind: Scenario
manifests: []
cluster: {pools: [{nodes: 0}, {nodes: 2, price: -1}]}
failures:
- {name: a, rate: -3 per 1000 node-days, causes: [{name: x, event: node explodes}]}
- {name: b, weibull: {shape: 0, scale: 1d}, causes: [{name: x, share: 0.5, event: pod exits 1}, {name: z, share: 0.1, event: pod exits 2}]}
- {name: c}
- {preset: llama}
work: [{duration: 0s, checkpoint: {every: 0s}}]
horizon: 99999d
runs: 0
)",
       &errors);
  EXPECT_EQ(errors,
            (std::vector<std::string>{
                "2 manifests: expected at least one file",
                "3 cluster.pools[0].nodes: expected a whole number from 1 to 100000",
                "3 cluster.pools[1].price: expected a number from 0 to 1000000",
                "5 failures[0].rate: expected a number above 0",
                "5 failures[0].causes[0].event: expected is",
                "6 failures[1].weibull.shape: expected a number from 0.05 to 50",
                "6 failures[1].causes: the shares must add up to 1; they add up to 0.600",
                // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text in two lines
                "7 failures[2]: says nothing of how often it happens: expected rate, exponential, weibull, trace or "
                "maintenance",
                "7 failures[2].causes: is missing; expected at least one, such as {name: gpu, event: node is lost}",
                "8 failures[3].preset: expected one of llama-3-405b, rsc-1, rsc-2, spot",
                "9 work[0].duration: expected a time above 0",
                "9 work[0].checkpoint.every: expected a time above 0",
                "10 horizon: expected a duration up to 3650d",
                "11 runs: expected a whole number from 1 to 100000",
            }));
}

}  // namespace
}  // namespace reprieve::sim
