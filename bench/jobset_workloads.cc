// jobset_restart and jobset_mass_failure: the JobSet controller on top of the Job controller, on virtual time.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "admission/admission_jobset.h"
#include "base/check.h"
#include "base/text.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

using document::Value;

constexpr int kPodsPerJob = 5;
constexpr double kRestartTargetSeconds = 1;  // of processor time, at 1,000 Jobs

Value Manifest(const SimulatedJobSet& wanted) {
  Value manifest = Value::MakeObject();
  manifest.Set("apiVersion", Value::String("jobset.x-k8s.io/v1alpha2"));
  manifest.Set("kind", Value::String("JobSet"));
  manifest.Set("metadata", Value::MakeObject()).Set("name", Value::String("bench"));
  Value& spec = manifest.Set("spec", Value::MakeObject());
  Value& policy = spec.At("failurePolicy");
  policy.Set("maxRestarts", Value::Int(3));
  policy.At("rules")
      .Append(Value::MakeObject())
      .Set("action", Value::String(wanted.mass_failure ? "RestartJobAndIgnoreMaxRestarts" : "RestartJobSet"));
  // Groups of at most 1,000: single Jobs of a larger one can't be restarted (spec/jobset.md 1.6).
  constexpr std::int64_t kGroup = 1000;
  Value& groups = spec.Set("replicatedJobs", Value::MakeArray());
  for (std::int64_t left = wanted.jobs, group = 0; left > 0; left -= kGroup, ++group) {
    Value& replicated = groups.Append(Value::MakeObject());
    replicated.Set("name", Value::String(Cat("w", group)));
    replicated.Set("replicas", Value::Int(std::min(left, kGroup)));
    Value& job = replicated.At("template").At("spec");
    const int pods = wanted.mass_failure ? 1 : kPodsPerJob;
    job.Set("backoffLimit", Value::Int(0));
    job.Set("completions", Value::Int(pods));
    job.Set("parallelism", Value::Int(pods));
    Value& pod = job.At("template").At("spec");
    pod.Set("restartPolicy", Value::String("Never"));
    Value& container = pod.Set("containers", Value::MakeArray()).Append(Value::MakeObject());
    container.Set("name", Value::String("main"));
    container.Set("image", Value::String("img"));
  }
  return manifest;
}

std::int64_t ReadyPods(sim::Simulation& simulation) {
  std::int64_t ready = 0;
  for (const core::Pod* pod : simulation.store().Pods()) ready += pod->IsReady() && !pod->metadata.deleting() ? 1 : 0;
  return ready;
}

class Run {
 public:
  explicit Run(const SimulatedJobSet& wanted)
      : wanted_(wanted),
        pods_(wanted.jobs * (wanted.mass_failure ? 1 : kPodsPerJob)),
        simulation_(Options()),
        kubelet_(simulation_, [this](const core::Pod&) { return Script(); }) {}

  void Begin() {
    model::FeatureGates gates;
    gates.restart_job = true;
    const meta::Uid uid = simulation_.store().NewUid();
    const admission::Answer answer = admission::CreateJobSet(
        Manifest(wanted_), {{"bench", "", uid, simulation_.store().NewNameSuffix(), simulation_.Now()}, gates, {}});
    REPRIEVE_CHECK(answer.ok(), answer.message);
    jobset::JobSet admitted;
    FromValue(answer.object, admitted);
    simulation_.store().AddJobSet(std::move(admitted));
    simulation_.RunUntil(simulation_.Now() + kFailure - Seconds(1));
    REPRIEVE_CHECK(ReadyPods(simulation_) == pods_, "all pods are ready");
  }

  // From the failure to all pods recreated and ready.
  void Restart() {
    simulation_.RunUntil(simulation_.Now() + Seconds(60) + (wanted_.one_by_one ? kBetween * wanted_.jobs : Seconds(0)));
    const jobset::JobSet* jobset = simulation_.store().FindJobSet({"bench", "bench"});
    REPRIEVE_CHECK(jobset != nullptr && !jobset->status.IsFinished(), "the JobSet continues");
    std::int64_t restarted = jobset->status.restarts;
    for (const auto& status : jobset->status.replicated_jobs_status) {
      for (const std::int32_t count : status.job_restarts) restarted += count;
    }
    REPRIEVE_CHECK(restarted == (wanted_.mass_failure ? wanted_.jobs : 1), "every failure has led to one restart");
    REPRIEVE_CHECK(ReadyPods(simulation_) == pods_, "all pods are ready again");
  }

 private:
  static constexpr Nanoseconds kFailure = Seconds(100);
  static constexpr Nanoseconds kBetween = Seconds(2);

  static sim::SimulationOptions Options() {
    sim::SimulationOptions options;
    options.engine.jobsets.gates.restart_job = true;
    return options;
  }

  sim::PodScript Script() {
    sim::PodScript script;
    script.bound = Nanoseconds(0);
    script.running = Seconds(1);
    const bool first_attempt = made_++ < pods_;
    if (!first_attempt || (!wanted_.mass_failure && made_ != pods_ / 2)) return script;
    // All at the same instant or each at its own, whenever they were created.
    script.ended = begin_ + kFailure - simulation_.Now();
    if (wanted_.one_by_one) *script.ended += kBetween * made_;
    script.end = [this](const core::Pod& ended, core::PodStatus& status) {
      sim::EndContainers(ended, 1, simulation_.Now(), status);
    };
    return script;
  }

  const SimulatedJobSet wanted_;
  const std::int64_t pods_;
  std::int64_t made_ = 0;
  sim::Simulation simulation_;
  const Time begin_ = simulation_.Now();
  sim::ScriptedKubelet kubelet_;
};

}  // namespace

// A separate function, so that callgrind can count it.
[[gnu::noinline]] void RestartSimulatedJobSet(const std::function<void()>& restart) {
  restart();
}

double RunSimulatedJobSet(const SimulatedJobSet& wanted) {
  Run run(wanted);
  run.Begin();
  const double begin = ProcessorTime();
  RestartSimulatedJobSet([&] { run.Restart(); });
  return ProcessorTime() - begin;
}

std::vector<Figure> JobSetRestart(const std::string& self) {
  std::vector<Figure> out;
  double per_pod_100 = 0;
  for (const std::int64_t jobs : {100, 1'000, 10'000}) {
    const std::string name = Cat("jobset_restart/", jobs);
    const double seconds = RunSimulatedJobSet({jobs, false, false});
    const double per_pod = seconds * 1e9 / static_cast<double>(jobs * kPodsPerJob);
    if (jobs == 100) per_pod_100 = per_pod;
    if (jobs == 1'000) out.push_back(AtMost(name, seconds, "s of processor", "the target", kRestartTargetSeconds, 1));
    out.push_back(
        AtMost(name + " time", per_pod, "ns/pod", "jobset_restart/100", per_pod_100, jobs == 10'000 ? 1.5 : 2));
  }
  const double few = CountInstructions(self, "RestartSimulatedJobSet", "--one-jobset 100") / 100 / kPodsPerJob;
  const double many = CountInstructions(self, "RestartSimulatedJobSet", "--one-jobset 1000") / 1'000 / kPodsPerJob;
  if (few > 0 && many > 0) {
    out.push_back(AtMost("jobset_restart/1000 instructions", many, "per pod", "jobset_restart/100", few, 1.05));
  } else {
    std::fprintf(stderr, "jobset_restart instructions: skipped, valgrind does not run here\n");
  }
  return out;
}

std::vector<Figure> JobSetMassFailure(const std::string& self) {
  std::vector<Figure> out;
  double per_job_100 = 0;
  for (const std::int64_t jobs : {100, 1'000}) {
    const double per_job = RunSimulatedJobSet({jobs, true, false}) * 1e9 / static_cast<double>(jobs);
    if (jobs == 100) per_job_100 = per_job;
    out.push_back(AtMost(Cat("jobset_mass_failure/", jobs, " time"), per_job, "ns/job", "jobset_mass_failure/100",
                         per_job_100, 2));
  }
  const double few = CountInstructions(self, "RestartSimulatedJobSet", "--one-jobset 100 mass") / 100;
  const double many = CountInstructions(self, "RestartSimulatedJobSet", "--one-jobset 1000 mass") / 1'000;
  if (few > 0 && many > 0) {
    out.push_back(
        AtMost("jobset_mass_failure/1000 instructions", many, "per job", "jobset_mass_failure/100", few, 1.05));
  } else {
    std::fprintf(stderr, "jobset_mass_failure instructions: skipped, valgrind does not run here\n");
  }
  return out;
}

}  // namespace reprieve::bench
