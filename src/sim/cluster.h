// Cluster: the nodes of a simulated world, its scheduler and its kubelets: places pods, runs them on virtual time, and
// reports their status as real nodes do.
//
// What a container would do is asked of `work`, once for each of its runs; all that follows from it (restarts in place,
// sidecars, phases, probes, grace periods) is the kubelet's own code (kubelet/pod_worker.h), and where a pod goes is
// the scheduler's (scheduler/placement.h). Incidents (world/incident.h) happen to nodes, pods and containers.
//
//   store -> PodChanged -> placement -> BindPod -> PodWorker -> agenda -> PodWorker -> UpdatePodStatus
//
// As a Watcher it only notes which pods have changed; what follows is done at the same virtual time, from the agenda.
// Source: spec/job.md 4. One owner, the simulation's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kubelet/pod_worker.h"
#include "scheduler/placement.h"
#include "sim/simulation.h"
#include "world/incident.h"
#include "world/watcher.h"

namespace reprieve::sim {

// What one run of a container does if nothing happens to it.
struct ContainerRun {
  std::optional<Nanoseconds> runs = Seconds(60);  // absent: until it is stopped
  std::int32_t exit_code = 0;
  std::string message{};  // its termination message
  // What it makes of SIGTERM: it exits with that code after that time, or, absent, it has no handler: as process 1 of
  // its container it is then not ended by the signal, but killed when the grace period is over.
  struct OnTerm {
    Nanoseconds after{};
    std::int32_t exit_code = 143;
  };
  std::optional<OnTerm> on_term{};
};

// When a cluster notices that a node is gone, and what it does then. Source: kube-controller-manager's
// --node-monitor-grace-period (50 s since 1.32, 40 s before), the default toleration of node.kubernetes.io/unreachable
// (300 s), and then the node's removal by whoever manages the machines, after which the pod garbage collector fails
// what was on it.
struct LostNodeClock {
  Nanoseconds unreachable = Seconds(50);  // from the loss until the node's taint
  Nanoseconds evicted = Seconds(300);     // from then until its pods are deleted, where they do not say otherwise
  std::optional<Nanoseconds> removed =
      Seconds(30);  // from the first such deletion until the node is removed; absent: never
};

struct ClusterOptions {
  std::vector<scheduler::Node> nodes;  // at least one
  // From the time that a pod is bound until its first container runs: images, volumes, sandbox.
  Nanoseconds start_after = Seconds(1);
  LostNodeClock lost_node;
  std::function<ContainerRun(const core::Pod& pod, const core::Container& container, std::int32_t attempt)> work;
  // An incident was due: its outcome.
  std::function<void(const world::Incident&, const world::IncidentOutcome&)> incident_applied;
};

class Cluster final : public world::Watcher {
 public:
  // The simulation must outlive it.
  Cluster(Simulation& simulation, ClusterOptions options);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster() override;

  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

  // Applies the incident `incident.at` from now.
  void Schedule(world::Incident incident);
  // Applies it now; `incident_applied` is not called.
  world::IncidentOutcome Apply(const world::Incident& incident);
  // Those that still wait for the pod that they name to be created.
  std::vector<world::Incident> WaitingIncidents() const;

  // The regular containers of all pods that `belongs` says yes to, and that run, exit 0.
  void EndWork(const std::function<bool(const core::Pod&)>& belongs);
  // The oldest pod of which a container runs there, as far as the node knows; null pointer: there is none.
  const core::Pod* FirstRunningOn(const std::string& node);

  const scheduler::Placement& placement() const { return placement_; }
  // Pods that were ever seen.
  std::uint64_t created() const { return next_number_ - 1; }
  // Pods that are on a node and have not ended.
  std::size_t running() const { return running_; }

 private:
  struct Container {
    std::uint64_t run = 0;  // of its process, or of the one that is to start; 0: neither
    bool running = false;
    ContainerRun does{};
    Time started_at{};
  };
  struct Record {
    scheduler::PodNumber number = 0;
    world::PodReference reference;
    const core::Pod* pod = nullptr;  // null pointer: gone from the store
    std::shared_ptr<const core::PodSpec> spec;
    std::optional<kubelet::PodWorker> worker;  // absent: not on a node
    std::size_t node = 0;
    Time may_start{};
    std::vector<Container> containers;
    std::uint64_t written_revision = 0;
    std::optional<Time> wake;
    bool touched = false;
    bool waits_for_place = false;
    bool kept_pending = false;  // by an incident: the scheduler does not see it
    bool never_starts = false;  // by an incident: its containers are never created
    bool hangs = false;         // by an incident: its work never ends
    bool refusal = false;       // by an incident: its kubelet does not take it
    bool dead = false;          // with its node: its processes are gone, and nobody knows
    bool deletion_seen = false;
    bool silent = false;                       // its node does not answer: its status is no longer reported
    std::optional<world::FaultKind> ended_by;  // why the kubelet ends it
  };
  struct LostNode {
    std::uint64_t loss = 0;  // which one; 0: the node answers
    bool machine = false;    // its processes are gone with it
  };

  void Touch(Record& record);
  // Settles what was touched, and places whatever waits, at this same time.
  void SettleSoon();
  void SettleTouched();
  void Settle(Record& record);
  bool Admit(Record& record);
  void PlaceWaiting();
  void SettleOnNode(Record& record, std::size_t node);
  void Do(Record& record, const kubelet::PodActions& actions);
  void Start(Record& record, const kubelet::PodActions::Start& start);
  void Started(scheduler::PodNumber number, std::size_t index, std::uint64_t run);
  // REQUIRES: that container runs.
  void End(Record& record, std::size_t index, std::int32_t exit_code, std::string_view reason);
  void StopContainer(Record& record, const kubelet::PodActions::Stop& stop);
  void WriteStatus(Record& record);
  void NoteEnd(const Record& record, core::PodStatus& status) const;
  void Finish(Record& record);
  void Drop(Record& record);
  Record* Find(scheduler::PodNumber number);

  // Incidents: cluster_incidents.cc.
  world::IncidentOutcome ApplyToNode(const world::Incident& incident);
  world::IncidentOutcome TaintNode(std::size_t node, const std::vector<Record*>& here);
  world::IncidentOutcome ApplyToPod(Record& record, const world::Incident& incident);
  world::IncidentOutcome ApplyToContainer(Record& record, const world::Incident& incident);
  world::IncidentOutcome ExitAll(Record& record, const world::Incident& incident);
  void SetCondition(const Record& record, const world::Incident& incident);
  void MarkAtBirth(Record& record);
  bool Mark(Record& record, const world::Incident& incident);
  void EndByKubelet(Record& record, world::FaultKind fault, Nanoseconds grace);
  void Refuse(Record& record);
  void LoseNode(std::size_t node, bool for_good);
  void TaintLostNode(std::size_t node, std::uint64_t loss);
  void RemoveLostNode(std::size_t node, std::uint64_t loss);
  void BringNodeBack(std::size_t node);
  std::optional<std::size_t> NodeNumber(const std::string& name) const;
  std::vector<Record*> PodsOn(std::size_t node);
  Record* FindCalled(const std::string& name);

  Simulation& simulation_;
  const ClusterOptions options_;
  scheduler::Placement placement_;
  std::unordered_map<scheduler::PodNumber, std::unique_ptr<Record>> records_;
  std::unordered_map<const core::Pod*, Record*> by_pod_;
  std::vector<std::set<scheduler::PodNumber>> on_node_;  // by the node's number
  std::unordered_map<std::string, std::size_t> node_numbers_;
  std::vector<LostNode> lost_;             // by the node's number
  std::vector<std::uint64_t> taintings_;   // by the node's number; grows when a taint comes or goes
  std::vector<world::Incident> at_birth_;  // that wait for a pod to be created
  scheduler::PodNumber next_number_ = 1;
  std::uint64_t next_run_ = 1;
  std::uint64_t next_loss_ = 1;
  std::vector<scheduler::PodNumber> touched_;
  std::vector<scheduler::PodNumber> settling_;
  std::size_t running_ = 0;
  bool settle_noted_ = false;
  bool writing_ = false;  // what the store reports now is our own write
};

}  // namespace reprieve::sim
