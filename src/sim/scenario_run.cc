#include "sim/scenario_run.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "model/job_pods.h"
#include "sim/failure_model.h"

namespace reprieve::sim {
namespace {

constexpr std::string_view kHostname = "kubernetes.io/hostname";
constexpr std::string_view kPodsOfANode = "110";

// How the objects of a run end.
class Ends final : public world::Watcher {
 public:
  Ends(const world::Clock& clock, const CaseObjects& objects) : clock_(clock), began_(clock.Now()) {
    for (const batch::Job* job : objects.jobs) Add("Job", job->metadata.name);
    for (const jobset::JobSet* jobset : objects.jobsets) Add("JobSet", jobset->metadata.name);
    left_ = results_.size();
  }

  void JobChanged(const batch::Job& job) override {
    if (!job.status.IsFinished() || job.metadata.labels.Find(jobset::kJobSetName) != nullptr) return;
    const batch::JobCondition* failed = job.status.FindCondition("Failed");
    End("Job", job.metadata.name,
        failed != nullptr && failed->status == "True" ? std::string(failed->reason) : std::string());
  }
  void JobDeleted(const batch::Job&) override {}
  void JobSetChanged(const jobset::JobSet& jobset) override {
    if (!jobset.status.IsFinished()) return;
    const auto* failed = jobset.status.FindCondition("Failed");
    End("JobSet", jobset.metadata.name,
        failed != nullptr && failed->status == "True" ? std::string(failed->reason) : std::string());
  }
  void PodChanged(const core::Pod&) override {}
  void PodDeleted(const core::Pod&) override {}

  bool all() const { return left_ == 0; }
  std::vector<ObjectResult> Take() {
    std::vector<ObjectResult> out;
    for (auto& [key, result] : results_) out.push_back(std::move(result));
    return out;
  }

 private:
  void Add(std::string_view kind, const SharedString& name) {
    results_[Cat(kind, " ", name)] = {Cat(kind, " ", name), "unfinished", "", std::nullopt};
  }
  void End(std::string_view kind, const SharedString& name, std::string reason) {
    const auto at = results_.find(Cat(kind, " ", name));
    if (at == results_.end() || at->second.at) return;
    at->second.end = reason.empty() ? "completed" : "failed";
    at->second.reason = std::move(reason);
    at->second.at = clock_.Now() - began_;
    --left_;
  }

  const world::Clock& clock_;
  const Time began_;
  std::map<std::string, ObjectResult> results_;
  std::size_t left_ = 0;
};

std::string RestartKey(const world::Verdict& verdict) {
  if (!verdict.rule) return Cat("no rule of JobSet ", verdict.jobset);
  std::string out = Cat("rule ", verdict.rule->index + 1, " ", verdict.rule->action, " of JobSet ", verdict.jobset);
  if (verdict.rule->line > 0) AppendTo(out, " (", verdict.rule->file, ":", verdict.rule->line, ")");
  return out;
}

std::string RetryKey(const world::Verdict& verdict) {
  if (!verdict.rule) return Cat("no rule of Job ", verdict.job);
  std::string out = Cat("rule ", verdict.rule->index + 1, " ", verdict.rule->action, " of Job ", verdict.job);
  if (verdict.rule->line > 0) AppendTo(out, " (", verdict.rule->file, ":", verdict.rule->line, ")");
  return out;
}

}  // namespace

bool RunResult::completed() const {
  return std::all_of(objects.begin(), objects.end(), [](const ObjectResult& each) { return each.end == "completed"; });
}

ScenarioNodes NodesOf(const Scenario& scenario, const CaseObjects& objects) {
  ScenarioNodes out;
  out.nodes = NodesThatFit(objects, static_cast<std::size_t>(scenario.NodeCount()), {});
  std::size_t number = 0;
  std::int32_t racks = 0;
  for (const NodePool& pool : scenario.pools) {
    for (std::int32_t i = 0; i < pool.nodes + pool.spares; ++i) {
      scheduler::Node& node = out.nodes[number++];
      const std::string was = std::exchange(node.name, Cat(pool.name, "-", i + 1));
      const std::int32_t rack = pool.racks > 0 ? racks + i % pool.racks : -1;
      out.racks.push_back(rack);
      // The domain of an exclusive placement is the rack where there are racks, else the node.
      for (auto& [label, value] : node.labels) {
        if (value != was) continue;
        value = rack >= 0 && label != kHostname ? Cat("rack-", rack + 1) : node.name;
      }
      for (const auto& [label, value] : pool.labels) node.labels[label] = value;
      if (pool.resources.empty()) {
        // A machine for one pod.
        node.allocatable[std::string(scheduler::kPods)] = 1;
        continue;
      }
      node.allocatable = {{std::string(scheduler::kPods), scheduler::Amount(scheduler::kPods, kPodsOfANode)}};
      for (const auto& [resource, amount] : pool.resources) {
        node.allocatable[resource] = scheduler::Amount(resource, amount);
      }
    }
    racks += std::max(pool.racks, 0);
  }
  return out;
}

std::optional<std::string> WhyItNeverFits(const ScenarioNodes& nodes, const CaseObjects& objects) {
  const scheduler::Placement placement(nodes.nodes);
  std::int64_t pods = 0;
  const auto check = [&](const batch::JobSpec& spec, std::int64_t times) {
    pods += times * batch::PodsAtOnce(spec);
    return placement.NeverFits(*spec.pod_template.spec);
  };
  for (const batch::Job* job : objects.jobs) {
    if (auto why = check(*job->spec, 1)) return Cat("a pod of Job ", job->metadata.name, " fits no node: ", *why);
  }
  for (const jobset::JobSet* jobset : objects.jobsets) {
    for (const jobset::ReplicatedJob& group : jobset->spec->replicated_jobs) {
      if (auto why = check(*group.job_template.spec, group.replicas)) {
        return Cat("a pod of replicated job ", group.name, " of ", jobset->metadata.name, " fits no node: ", *why);
      }
    }
  }
  std::int64_t places = 0;
  for (const scheduler::Node& node : nodes.nodes) places += scheduler::AmountOf(node.allocatable, scheduler::kPods);
  if (pods <= places) return std::nullopt;
  return Cat("the work needs places for ", pods, " pods at once, the cluster has ", places);
}

RunResult PlayScenario(const Scenario& scenario, const ScenarioNodes& nodes, const CaseObjects& objects,
                       std::uint64_t seed, const ScenarioObserver& observer) {
  RunResult out;
  out.seed = seed;
  SimulationOptions options;
  options.seed = seed;
  options.engine.jobsets.gates = scenario.gates;
  Simulation simulation(options);
  const Time began = simulation.Now();
  ClusterOptions cluster_options;
  cluster_options.nodes = nodes.nodes;
  cluster_options.start_after = scenario.start_after;
  cluster_options.lost_node = scenario.lost_node;
  cluster_options.work = [&scenario](const core::Pod& pod, const core::Container& container, std::int32_t) {
    ContainerRun run = WorkModel().Of(pod, container);
    if (IsInitContainer(pod, container)) return run;
    // The gang says when it is done.
    run.runs.reset();
    const SharedString* jobset = pod.metadata.labels.Find(jobset::kJobSetName);
    const SharedString* job = pod.metadata.labels.Find(batch::kJobName);
    run.on_term = scenario.WorkOf(jobset != nullptr ? jobset->view() : job != nullptr ? job->view() : "").on_term;
    return run;
  };
  Gangs gangs(simulation, scenario, objects);
  Cluster cluster(simulation, std::move(cluster_options));
  gangs.set_end_pods([&cluster](const auto& belongs) { cluster.EndWork(belongs); });
  FailureModel failures(simulation, cluster, gangs, scenario, nodes.racks, seed);
  if (observer.incident) failures.set_observer(observer.incident);
  Ends ends(simulation.clock(), objects);
  store::Store& store = simulation.store();
  store.set_usual_priority(0);
  store.AddWatcher(&ends);
  if (observer.watcher != nullptr) store.AddWatcher(observer.watcher);
  simulation.ledger().set_listener([&out](const world::Verdict& verdict) {
    if (verdict.restart) ++out.restarts[RestartKey(verdict)];
    if (verdict.retry && verdict.jobset.empty()) ++out.restarts[RetryKey(verdict)];
  });
  for (const batch::Job* job : objects.jobs) store.AddJob(*job);
  for (const jobset::JobSet* jobset : objects.jobsets) store.AddJobSet(*jobset);
  failures.Begin();
  simulation.RunWhile(began + scenario.horizon, [&ends] { return !ends.all(); });
  failures.End();
  // Where nothing more can happen, the nodes are paid all the same.
  if (!ends.all()) simulation.RunUntil(began + scenario.horizon);
  store.RemoveWatcher(&ends);
  if (observer.watcher != nullptr) store.RemoveWatcher(observer.watcher);
  out.took = simulation.Now() - began;
  out.objects = ends.Take();
  out.gangs = gangs.Results();
  out.strikes = failures.strikes();
  out.pods = static_cast<std::int64_t>(cluster.created());
  const double hours = static_cast<double>(out.took.count()) / 3.6e12;
  for (const NodePool& pool : scenario.pools) {
    const double node_hours = hours * (pool.nodes + pool.spares);
    out.paid_node_hours += node_hours;
    out.cost += node_hours * pool.price;
  }
  return out;
}

}  // namespace reprieve::sim
