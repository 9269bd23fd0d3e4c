// Cluster: what incidents do to nodes, pods, containers and their owners. Source: spec/job.md 4.3.
#include <algorithm>

#include "base/saturate.h"
#include "kubelet/pod_phase.h"
#include "sim/cluster.h"
#include "store/pod_ends.h"
#include "store/user_actions.h"

namespace reprieve::sim {
namespace {

using world::FaultKind;
using world::IncidentOutcome;
using world::OutcomeKind;

constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";
constexpr std::int32_t kKilled = 137;  // 128 and SIGKILL

// How long the pod stays on a node that does not answer; nullopt: forever. Source: the admission plugin
// DefaultTolerationSeconds gives a pod `usual` unless it has its own toleration.
std::optional<Nanoseconds> StaysUnreachable(const core::PodSpec& spec, Nanoseconds usual) {
  for (const core::Toleration& toleration : spec.tolerations) {
    const bool key = toleration.key == kUnreachable || (toleration.key.empty() && toleration.op == "Exists");
    if (!key || (!toleration.effect.empty() && toleration.effect != "NoExecute")) continue;
    if (!toleration.toleration_seconds) return std::nullopt;
    return DurationOfSeconds(std::max<std::int64_t>(*toleration.toleration_seconds, 0));
  }
  return usual;
}

bool WaitsForAPod(FaultKind fault) {
  return fault == FaultKind::kPodNeverStarts || fault == FaultKind::kPodStaysPending ||
         fault == FaultKind::kPodRefused || fault == FaultKind::kPodHangs;
}

}  // namespace

void Cluster::Schedule(world::Incident incident) {
  const Nanoseconds delay = incident.at;
  simulation_.After(delay, [this, incident = std::move(incident)] {
    const IncidentOutcome outcome = Apply(incident);
    // What waits for a pod to be created is told when there is one.
    const bool waits = outcome.kind == OutcomeKind::kNoPod && WaitsForAPod(incident.fault);
    if (!waits && options_.incident_applied) options_.incident_applied(incident, outcome);
  });
}

std::vector<world::Incident> Cluster::WaitingIncidents() const {
  return at_birth_;
}

IncidentOutcome Cluster::Apply(const world::Incident& incident) {
  if (incident.fault == FaultKind::kControllerRestarts) {
    simulation_.RestartController();
    return {};
  }
  if (!incident.owner.empty()) return store::ApplyToOwner(simulation_.store(), incident, simulation_.Now());
  if (!incident.node.empty()) return ApplyToNode(incident);
  Record* record = FindCalled(incident.pod);
  if (WaitsForAPod(incident.fault)) {
    if (record != nullptr && Mark(*record, incident)) return {.pod = record->reference.name.str()};
    at_birth_.push_back(incident);
    return {.kind = OutcomeKind::kNoPod};
  }
  if (record == nullptr) return {.kind = OutcomeKind::kNoPod};
  return incident.container.empty() ? ApplyToPod(*record, incident) : ApplyToContainer(*record, incident);
}

Cluster::Record* Cluster::FindCalled(const std::string& name) {
  Record* found = nullptr;
  for (const auto& [number, record] : records_) {
    if (record->pod == nullptr || record->pod->IsTerminal() || record->pod->metadata.deleting()) continue;
    if (!world::IsCalled(*record->pod, name)) continue;
    if (found == nullptr || number < found->number) found = record.get();
  }
  return found;
}

void Cluster::MarkAtBirth(Record& record) {
  for (auto at = at_birth_.begin(); at != at_birth_.end();) {
    if (!world::IsCalled(*record.pod, at->pod) || !Mark(record, *at)) {
      ++at;
      continue;
    }
    const world::Incident incident = std::move(*at);
    at = at_birth_.erase(at);
    if (options_.incident_applied) options_.incident_applied(incident, {.pod = record.reference.name.str()});
  }
}

// False: it is too late for this pod.
bool Cluster::Mark(Record& record, const world::Incident& incident) {
  if (incident.fault == FaultKind::kPodHangs) return record.hangs = true;
  if (incident.fault == FaultKind::kPodNeverStarts) {
    if (record.worker && simulation_.Now() >= record.may_start) return false;
    record.never_starts = true;
    // What was to start is not any more.
    for (Container& container : record.containers) container.run = 0;
    return true;
  }
  if (record.worker) return false;
  if (incident.fault == FaultKind::kPodRefused) return record.refusal = true;
  record.kept_pending = true;
  if (std::exchange(record.waits_for_place, false)) placement_.Remove(record.number);
  return true;
}

std::optional<std::size_t> Cluster::NodeNumber(const std::string& name) const {
  const auto at = node_numbers_.find(name);
  if (at == node_numbers_.end()) return std::nullopt;
  return at->second;
}

// In the order of their creation.
std::vector<Cluster::Record*> Cluster::PodsOn(std::size_t node) {
  std::vector<Record*> here;
  for (const scheduler::PodNumber number : on_node_[node]) {
    Record* record = Find(number);
    if (record->pod != nullptr && !record->pod->IsTerminal()) here.push_back(record);
  }
  return here;
}

IncidentOutcome Cluster::ApplyToNode(const world::Incident& incident) {
  const auto node = NodeNumber(incident.node);
  if (!node) return {.kind = OutcomeKind::kNoNode};
  if (incident.fault == FaultKind::kNodeBack) {
    BringNodeBack(*node);
    return {};
  }
  const std::vector<Record*> here = PodsOn(*node);
  if (incident.fault == FaultKind::kNodeLost || incident.fault == FaultKind::kNodeUnreachable) {
    LoseNode(*node, incident.fault == FaultKind::kNodeLost);
    return {.count = here.size()};
  }
  placement_.SetSchedulable(incident.node, false);
  if (incident.fault == FaultKind::kNodeTainted) return TaintNode(*node, here);
  for (Record* record : here) {
    if (incident.fault == FaultKind::kNodeShutDown) {
      EndByKubelet(*record, incident.fault,
                   DurationOfSeconds(record->spec->termination_grace_period_seconds.value_or(
                       kubelet::PodWorker::kUsualGraceSeconds)));
    } else {
      store::DisruptPod(simulation_.store(), record->reference, incident.fault);
    }
  }
  return {.count = here.size()};
}

IncidentOutcome Cluster::TaintNode(std::size_t node, const std::vector<Record*>& here) {
  IncidentOutcome outcome;
  const scheduler::Taint taint{std::string(world::kIncidentTaint), "", "NoExecute"};
  const std::uint64_t tainting = ++taintings_[node];
  for (const Record* record : here) {
    const auto stays = scheduler::StaysWith(taint, record->spec->tolerations);
    if (!stays) continue;
    if (*stays <= Nanoseconds(0)) {
      ++outcome.count;
      store::DisruptPod(simulation_.store(), record->reference, FaultKind::kNodeTainted);
      continue;
    }
    ++outcome.later;
    simulation_.After(*stays, [this, node, tainting, number = record->number] {
      const Record* evicted = Find(number);
      if (taintings_[node] != tainting || evicted == nullptr || evicted->pod == nullptr) return;
      if (evicted->pod->IsTerminal() || evicted->pod->metadata.deleting()) return;
      store::DisruptPod(simulation_.store(), evicted->reference, FaultKind::kNodeTainted);
    });
  }
  return outcome;
}

IncidentOutcome Cluster::ApplyToPod(Record& record, const world::Incident& incident) {
  const IncidentOutcome applied{.pod = record.reference.name.str()};
  if (incident.fault == FaultKind::kPodKilled || incident.fault == FaultKind::kPodExits) {
    return ExitAll(record, incident);
  }
  if (incident.fault == FaultKind::kPodCondition) {
    SetCondition(record, incident);
    // Whether the pod is ready may follow from it.
    if (record.worker && record.spec->rest["readinessGates"].size() > 0) {
      record.written_revision = 0;
      Touch(record);
    }
  } else if (incident.fault == FaultKind::kPodDeleted) {
    simulation_.store().DeletePod(world::PodReference(record.reference));
  } else if (!world::PodEndOf(incident.fault).reason.empty()) {
    if (!record.worker) return {.kind = OutcomeKind::kPodNotOnNode, .pod = applied.pod};
    EndByKubelet(record, incident.fault, Nanoseconds(0));
  } else {
    store::DisruptPod(simulation_.store(), record.reference, incident.fault);
  }
  return applied;
}

// Every container of it that runs, or every regular one.
IncidentOutcome Cluster::ExitAll(Record& record, const world::Incident& incident) {
  const bool killed = incident.fault == FaultKind::kPodKilled;
  const std::int32_t code = killed ? kKilled : incident.exit_code;
  bool any = false;
  for (std::size_t i = 0; i < record.containers.size(); ++i) {
    if (!record.containers[i].running || (!killed && kubelet::IsInit(*record.spec, i))) continue;
    End(record, i, code, code == 0 ? "Completed" : "Error");
    any = true;
  }
  return {.kind = any ? OutcomeKind::kApplied : OutcomeKind::kPodNotRunning, .pod = record.reference.name.str()};
}

void Cluster::SetCondition(const Record& record, const world::Incident& incident) {
  simulation_.store().UpdatePodStatus(record.reference, [&](const core::Pod&, core::PodStatus& status) {
    core::PodCondition condition;
    condition.type = incident.condition;
    condition.status = incident.condition_status;
    condition.reason = incident.condition_reason;
    condition.last_transition_time = TruncateToSeconds(simulation_.Now());
    status.SetCondition(std::move(condition));
  });
}

IncidentOutcome Cluster::ApplyToContainer(Record& record, const world::Incident& incident) {
  IncidentOutcome outcome{.kind = OutcomeKind::kNoContainer, .pod = record.reference.name.str()};
  for (std::size_t i = 0; i < kubelet::ContainerCount(*record.spec); ++i) {
    if (kubelet::ContainerAt(*record.spec, i).name != incident.container) continue;
    const bool runs = record.worker && record.containers[i].running;
    outcome.kind = runs ? OutcomeKind::kApplied : OutcomeKind::kContainerNotRunning;
    if (!runs) break;
    const bool out_of_memory = incident.fault == FaultKind::kContainerOutOfMemory;
    const std::int32_t code = incident.fault == FaultKind::kContainerExits ? incident.exit_code : kKilled;
    End(record, i, code, out_of_memory ? "OOMKilled" : code == 0 ? "Completed" : "Error");
    break;
  }
  return outcome;
}

void Cluster::EndByKubelet(Record& record, FaultKind fault, Nanoseconds grace) {
  record.ended_by = fault;
  record.worker->Delete(grace, simulation_.Now());
  Touch(record);
}

// The kubelet does not take it: no container of it is ever created.
void Cluster::Refuse(Record& record) {
  const world::DisruptionTarget end = world::PodEndOf(FaultKind::kPodRefused);
  const world::PodReference reference = record.reference;
  record.never_starts = true;
  simulation_.store().UpdatePodStatus(reference, [&](const core::Pod&, core::PodStatus& status) {
    status.phase = core::PodPhase::kFailed;
    status.reason = end.reason;
    status.message = end.message;
    status.start_time = TruncateToSeconds(simulation_.Now());
  });
}

// The node does not answer from now on; the cluster notices later.
void Cluster::LoseNode(std::size_t node, bool for_good) {
  if (lost_[node].loss != 0) return;
  const std::uint64_t loss = next_loss_++;
  lost_[node] = {loss, for_good};
  for (Record* record : PodsOn(node)) {
    record->silent = true;
    if (!for_good) continue;
    // With the machine its processes are gone.
    record->dead = true;
    for (std::size_t i = 0; i < record->containers.size(); ++i) {
      Container& container = record->containers[i];
      if (container.run != 0 && !container.running) record->worker->StartCancelled(i);
      container.run = 0;
    }
  }
  simulation_.After(options_.lost_node.unreachable, [this, node, loss] { TaintLostNode(node, loss); });
  if (!for_good || !options_.lost_node.removed) return;
  const Nanoseconds removal = options_.lost_node.unreachable + options_.lost_node.evicted + *options_.lost_node.removed;
  simulation_.After(removal, [this, node, loss] { RemoveLostNode(node, loss); });
}

void Cluster::TaintLostNode(std::size_t node, std::uint64_t loss) {
  if (lost_[node].loss != loss) return;
  placement_.SetSchedulable(options_.nodes[node].name, false);
  for (const Record* record : PodsOn(node)) {
    simulation_.store().UpdatePodStatus(record->reference, [&](const core::Pod& pod, core::PodStatus& status) {
      if (pod.IsReady()) kubelet::SetCondition(core::kReadyCondition, false, {}, {}, simulation_.Now(), status);
    });
    const auto stays = StaysUnreachable(*record->spec, options_.lost_node.evicted);
    if (!stays) continue;
    simulation_.After(*stays, [this, node, loss, number = record->number] {
      const Record* evicted = Find(number);
      if (lost_[node].loss != loss || evicted == nullptr || evicted->pod == nullptr) return;
      if (!evicted->pod->metadata.deleting()) {
        store::DisruptPod(simulation_.store(), evicted->reference, FaultKind::kNodeTainted);
      }
    });
  }
}

void Cluster::RemoveLostNode(std::size_t node, std::uint64_t loss) {
  if (lost_[node].loss != loss) return;
  for (const Record* record : PodsOn(node)) store::FailPodOfLostNode(simulation_.store(), record->reference);
}

// Of a partition the kubelet now tells what has happened meanwhile; of a machine that was off, that its containers are
// not there any more.
void Cluster::BringNodeBack(std::size_t node) {
  lost_[node] = {};
  ++taintings_[node];
  placement_.SetSchedulable(options_.nodes[node].name, true);
  SettleSoon();  // for pods that wait for a place
  for (Record* record : PodsOn(node)) {
    record->silent = false;
    if (std::exchange(record->dead, false)) {
      for (std::size_t i = 0; i < record->containers.size(); ++i) {
        if (std::exchange(record->containers[i].running, false)) {
          End(*record, i, kKilled, "ContainerStatusUnknown");
        }
      }
    }
    Touch(*record);
  }
}

}  // namespace reprieve::sim
