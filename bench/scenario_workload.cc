// simulate: months of a cluster by `simulate`'s own model, beside the bare restart of one gang.

#include <cstdio>

#include "admission/admission_jobset.h"
#include "base/check.h"
#include "base/text.h"
#include "sim/presets.h"
#include "sim/scenario_run.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

using document::Value;

constexpr std::int64_t kLlamaNodes = 2'048;
constexpr double kShareOfShape = 1.0 / 3;
constexpr double kSmallRunsPerSecond = 100;

Value Gang(std::int64_t pods) {
  Value manifest = Value::MakeObject();
  manifest.Set("apiVersion", Value::String("jobset.x-k8s.io/v1alpha2"));
  manifest.Set("kind", Value::String("JobSet"));
  manifest.Set("metadata", Value::MakeObject()).Set("name", Value::String("train"));
  Value& spec = manifest.Set("spec", Value::MakeObject());
  spec.At("failurePolicy").Set("maxRestarts", Value::Int(1'000'000));
  Value& replicated = spec.Set("replicatedJobs", Value::MakeArray()).Append(Value::MakeObject());
  replicated.Set("name", Value::String("w"));
  Value& job = replicated.At("template").At("spec");
  job.Set("backoffLimit", Value::Int(0));
  job.Set("completions", Value::Int(pods));
  job.Set("parallelism", Value::Int(pods));
  Value& pod = job.At("template").At("spec");
  pod.Set("restartPolicy", Value::String("Never"));
  Value& container = pod.Set("containers", Value::MakeArray()).Append(Value::MakeObject());
  container.Set("name", Value::String("main"));
  container.Set("image", Value::String("img"));
  return manifest;
}

jobset::JobSet Admitted(sim::Simulation& simulation, std::int64_t pods) {
  const meta::Uid uid = simulation.store().NewUid();
  const admission::Answer answer = admission::CreateJobSet(
      Gang(pods), {{"bench", "", uid, simulation.store().NewNameSuffix(), simulation.Now()}, {}, {}});
  REPRIEVE_CHECK(answer.ok(), answer.message);
  jobset::JobSet out;
  FromValue(answer.object, out);
  return out;
}

sim::FailureSource NodeFailures(double per_thousand_node_days) {
  sim::FailureSource out;
  out.name = "hardware";
  out.hazard = sim::Hazard{1, 1000.0 * 86400 / per_thousand_node_days};
  sim::FailureCause program;
  program.name = "program";
  program.event = std::get<world::Incident>(world::ParseIncident("pod * exits 1 at 0s"));
  out.causes.push_back(std::move(program));
  return out;
}

struct Months {
  std::int64_t nodes = 1;
  double days = 1;
  bool llama = false;
};

sim::Scenario ScenarioOf(const Months& months) {
  sim::Scenario out;
  out.pools.front().nodes = static_cast<std::int32_t>(months.nodes);
  out.pools.front().spares = 32;
  out.horizon = Nanoseconds(static_cast<std::int64_t>(months.days * 86400e9));
  sim::GangWork work;
  work.duration = out.horizon * 2;
  work.checkpoint_every = std::chrono::hours(1);
  work.restart = std::chrono::minutes(2);
  out.work.push_back(work);
  out.failures.push_back(months.llama ? *sim::FindPreset("llama-3-405b") : NodeFailures(6.5));
  return out;
}

}  // namespace

// Separate functions, so that callgrind can count them.
[[gnu::noinline]] void PlayMonths(const std::function<void()>& play) {
  play();
}
[[gnu::noinline]] void RestartGangs(const std::function<void()>& restart) {
  restart();
}

PodLives RunScenario(std::int64_t nodes, double days, bool llama) {
  const sim::Scenario scenario = ScenarioOf({nodes, days, llama});
  sim::Simulation admitting({});
  const jobset::JobSet jobset = Admitted(admitting, nodes);
  const sim::CaseObjects objects{{}, {&jobset}};
  const sim::ScenarioNodes machines = sim::NodesOf(scenario, objects);
  PodLives out;
  const double begin = ProcessorTime();
  PlayMonths([&] {
    const sim::RunResult result = sim::PlayScenario(scenario, machines, objects, 1);
    REPRIEVE_CHECK(result.objects.at(0).end == "unfinished", "the work lasts longer than the horizon");
    out.pods = result.pods;
    for (const auto& [cause, strikes] : result.strikes) out.failures += strikes;
  });
  out.seconds = ProcessorTime() - begin;
  return out;
}

PodLives RunGang(std::int64_t pods, int restarts) {
  sim::SimulationOptions options;
  sim::Simulation simulation(options);
  std::int64_t made = 0;
  // The last pod of each attempt fails a minute after its start.
  sim::ScriptedKubelet kubelet(simulation, [&](const core::Pod&) {
    sim::PodScript script;
    script.bound = Nanoseconds(0);
    script.running = Seconds(1);
    if (++made % pods != 0) return script;
    script.ended = Seconds(60);
    script.end = [&](const core::Pod& ended, core::PodStatus& status) {
      sim::EndContainers(ended, 1, simulation.Now(), status);
    };
    return script;
  });
  simulation.store().AddJobSet(Admitted(simulation, pods));
  const double begin = ProcessorTime();
  RestartGangs([&] {
    const auto done = [&] { return made < pods * (restarts + 1); };
    simulation.RunWhile(simulation.Now() + Seconds(1'000) * restarts, done);
  });
  REPRIEVE_CHECK(made == pods * (restarts + 1), "every failure has led to one restart");
  return {ProcessorTime() - begin, made, restarts};
}

std::vector<Figure> Simulate(const std::string& self) {
  std::vector<Figure> out;
  const auto each = [](const PodLives& lives) { return lives.seconds * 1e9 / static_cast<double>(lives.pods); };
  const double small = each(RunGang(kLlamaNodes, 20));
  const double large = each(RunGang(10'000, 5));
  out.push_back(AtMost("gang_restart/2048", small, "ns per pod's life", "itself", small, 1));
  out.push_back(AtMost("gang_restart/10000", large, "ns per pod's life", "gang_restart/2048", small, 1.5));
  const PodLives llama = RunScenario(kLlamaNodes, 54, true);
  std::fprintf(stderr, "  54 days, %lld failures, %lld pods, %.1f s of processor time\n",
               static_cast<long long>(llama.failures), static_cast<long long>(llama.pods), llama.seconds);
  out.push_back(AtMost("simulate/llama3", each(llama), "ns per pod's life", "gang_restart/2048", small, kShareOfShape));
  // Three of thirty days: a pod's life costs the same in all of them.
  const PodLives ten = RunScenario(10'000, 3, false);
  out.push_back(AtMost("simulate/10k", each(ten), "ns per pod's life", "gang_restart/10000", large, kShareOfShape));
  const double begin = ProcessorTime();
  constexpr int kRuns = 20;
  for (int i = 0; i < kRuns; ++i) RunScenario(1'000, 0.31, false);
  out.push_back(
      AtLeast("simulate/small", kRuns / (ProcessorTime() - begin), "runs/s", "the target", kSmallRunsPerSecond, 1));
  const auto count = [&](std::int64_t nodes, const char* days) {
    const double instructions = CountInstructions(self, "PlayMonths", Cat("--one-scenario ", nodes, " ", days));
    return instructions;
  };
  const double few = count(1'000, "5");
  const double many = count(10'000, "0.5");
  if (few > 0 && many > 0) {
    const auto pods_few = static_cast<double>(RunScenario(1'000, 5, false).pods);
    const auto pods_many = static_cast<double>(RunScenario(10'000, 0.5, false).pods);
    out.push_back(AtMost("simulate/10k instructions", many / pods_many, "per pod's life", "simulate at 1,000 nodes",
                         few / pods_few, 1.1));
  } else {
    std::fprintf(stderr, "simulate instructions: skipped, valgrind does not run here\n");
  }
  return out;
}

}  // namespace reprieve::bench
