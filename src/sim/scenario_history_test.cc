// simulate and test are one model: what a scenario does to every object is what `test` does with the same incidents.
#include <gtest/gtest.h>

#include "document/json.h"
#include "sim/presets.h"
#include "sim/scenario_run.h"
#include "sim/testing.h"

namespace reprieve::sim {
namespace {

// Every change of every object, as it would be printed.
class Recorder final : public world::Watcher {
 public:
  void JobChanged(const batch::Job& job) override { Add("Job", ToValue(job)); }
  void JobDeleted(const batch::Job& job) override { Add("Job gone", ToValue(job)); }
  void PodChanged(const core::Pod& pod) override { Add("Pod", ToValue(pod)); }
  void PodDeleted(const core::Pod& pod) override { Add("Pod gone", ToValue(pod)); }
  void JobSetChanged(const jobset::JobSet& jobset) override { Add("JobSet", ToValue(jobset)); }
  void JobSetDeleted(const jobset::JobSet& jobset) override { Add("JobSet gone", ToValue(jobset)); }

  std::vector<std::string> lines;

 private:
  void Add(std::string_view what, const document::Value& object) {
    lines.push_back(Cat(what, " ", document::WriteJson(object)));
  }
};

class SameHistory : public ::testing::TestWithParam<std::uint64_t> {};

std::string Gang(int pods, std::string_view policy) {
  return Cat(
      "apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {name: train}\nspec:\n  failurePolicy: ", policy,
      "\n  replicatedJobs:\n  - name: workers\n    replicas: 2\n    template:\n      spec:\n        "
      "completionMode: Indexed\n        completions: ",
      pods / 2, "\n        parallelism: ", pods / 2,
      "\n        backoffLimit: 0\n        podFailurePolicy: {rules: [{action: FailJob, onPodConditions: "
      "[{type: DisruptionTarget}]}]}\n        template: {spec: {restartPolicy: Never, containers: [{name: main, "
      "image: x}]}}\n");
}

TEST_P(SameHistory, ToTheByte) {
  const std::uint64_t seed = GetParam();
  const int pods = seed % 2 == 0 ? 8 : 96;
  const TestObjects objects(Gang(pods, seed % 3 == 0
                                           ? "{maxRestarts: 2}"
                                           : "{maxRestarts: 3, rules: [{action: RestartJobSetAndIgnoreMaxRestarts, "
                                             "onJobFailureReasons: [PodFailurePolicy]}]}"));
  Scenario scenario;
  scenario.pools.front().nodes = pods;
  scenario.pools.front().spares = 2;
  scenario.pools.front().racks = 4;
  scenario.horizon = std::chrono::hours(24 * 6);
  GangWork work;
  work.duration = scenario.horizon * 2;
  scenario.work.push_back(work);
  FailureSource source = *FindPreset("llama-3-405b");
  // Some failures in six days.
  source.hazard->scale_seconds = 86'400.0 * pods;
  scenario.failures.push_back(source);

  const ScenarioNodes nodes = NodesOf(scenario, objects.Get());
  Recorder simulated;
  std::vector<world::Incident> incidents;
  ScenarioObserver observer{&simulated, [&](const world::Incident& incident) { incidents.push_back(incident); }};
  const RunResult run = PlayScenario(scenario, nodes, objects.Get(), seed, observer);
  EXPECT_GE(incidents.size(), 2U);

  CaseOptions options;
  options.nodes = nodes.nodes;
  options.start_after = scenario.start_after;
  options.lost_node = scenario.lost_node;
  options.seed = seed;
  options.engine.jobsets.gates = scenario.gates;
  WorkEntry forever;
  forever.forever = true;
  options.work = WorkModel({forever});
  Recorder tested;
  CaseRun test(objects.Get(), std::move(options), &tested);
  for (const world::Incident& incident : incidents) test.Schedule(incident);
  test.Play(run.took);

  ASSERT_GT(simulated.lines.size(), static_cast<std::size_t>(pods) * 3);
  ASSERT_EQ(simulated.lines.size(), tested.lines.size());
  for (std::size_t i = 0; i < tested.lines.size(); ++i) ASSERT_EQ(simulated.lines[i], tested.lines[i]) << "line " << i;
}

INSTANTIATE_TEST_SUITE_P(Seeds, SameHistory, ::testing::Range(std::uint64_t{1}, std::uint64_t{7}));

}  // namespace
}  // namespace reprieve::sim
