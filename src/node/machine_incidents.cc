// Machine: what incidents do to nodes, pods and containers. Source: spec/job.md 4.3.
#include <algorithm>

#include "base/saturate.h"
#include "kubelet/pod_phase.h"
#include "node/machine.h"
#include "store/pod_ends.h"
#include "store/user_actions.h"

namespace reprieve::node {
namespace {

using world::FaultKind;
using world::IncidentOutcome;
using world::OutcomeKind;

runtime::ExitReason ReasonOf(std::int32_t exit_code) {
  return exit_code == 0 ? runtime::ExitReason::kCompleted : runtime::ExitReason::kError;
}

}  // namespace

void Machine::Schedule(world::Incident incident) {
  const Time when = clock_.Now() + incident.at;
  incidents_.emplace(when, std::move(incident));
}

bool Machine::ApplyDueIncidents() {
  bool any = false;
  while (!incidents_.empty() && incidents_.begin()->first <= clock_.Now() && !stopping_) {
    const world::Incident incident = std::move(incidents_.extract(incidents_.begin()).mapped());
    const IncidentOutcome outcome = Apply(incident);
    if (options_.incident_applied) options_.incident_applied(incident, outcome);
    any = true;
  }
  return any;
}

std::vector<world::Incident> Machine::PendingIncidents() const {
  std::vector<world::Incident> out;
  for (const auto& [when, incident] : incidents_) out.push_back(incident);
  return out;
}

IncidentOutcome Machine::Apply(const world::Incident& incident) {
  if (!incident.owner.empty()) return store::ApplyToOwner(store_, incident, clock_.Now());
  if (!incident.node.empty()) return ApplyToNode(incident);
  PodRecord* record = FindCalled(incident.pod);
  if (record == nullptr) return {.kind = OutcomeKind::kNoPod};
  return incident.container.empty() ? ApplyToPod(*record, incident) : ApplyToContainer(*record, incident);
}

PodRecord* Machine::FindCalled(const std::string& name) {
  PodRecord* found = nullptr;
  for (const auto& [number, record] : records_) {
    if (record->pod == nullptr || record->pod->IsTerminal() || record->pod->metadata.deleting()) continue;
    if (!world::IsCalled(*record->pod, name)) continue;
    if (found == nullptr || number < found->number) found = record.get();
  }
  return found;
}

IncidentOutcome Machine::ApplyToNode(const world::Incident& incident) {
  if (placement_.FindNode(incident.node) == nullptr) return {.kind = OutcomeKind::kNoNode};
  placement_.SetSchedulable(incident.node, incident.fault == FaultKind::kNodeBack);
  if (incident.fault == FaultKind::kNodeBack) {
    std::erase_if(tainted_, [&](const auto& entry) {
      const auto at = records_.find(entry.second);
      return at == records_.end() || at->second->node == nullptr || at->second->node->name == incident.node;
    });
    return {};
  }
  std::vector<PodRecord*> here;
  for (const auto& [number, record] : records_) {
    const bool there = record->worker && record->pod != nullptr && record->node->name == incident.node;
    if (there && !record->pod->IsTerminal()) here.push_back(record.get());
  }
  std::sort(here.begin(), here.end(), [](const PodRecord* a, const PodRecord* b) { return a->number < b->number; });
  if (incident.fault == FaultKind::kNodeTainted) {
    IncidentOutcome outcome;
    for (PodRecord* record : here) Taint(*record, outcome);
    return outcome;
  }
  for (PodRecord* record : here) {
    if (incident.fault == FaultKind::kNodeLost) {
      Lose(*record);
    } else if (incident.fault == FaultKind::kNodeShutDown) {
      EndByKubelet(*record, incident.fault,
                   DurationOfSeconds(record->spec->termination_grace_period_seconds.value_or(
                       kubelet::PodWorker::kUsualGraceSeconds)));
    } else {
      store::DisruptPod(store_, record->reference, incident.fault);
    }
  }
  return {.count = here.size()};
}

void Machine::Taint(PodRecord& record, IncidentOutcome& outcome) {
  const scheduler::Taint taint{std::string(world::kIncidentTaint), "", "NoExecute"};
  const auto stays = scheduler::StaysWith(taint, record.spec->tolerations);
  if (!stays) return;
  if (*stays > Nanoseconds(0)) {
    ++outcome.later;
    tainted_.emplace(clock_.Now() + *stays, record.number);
    return;
  }
  ++outcome.count;
  store::DisruptPod(store_, record.reference, FaultKind::kNodeTainted);
}

bool Machine::EvictTainted() {
  bool any = false;
  while (!tainted_.empty() && tainted_.begin()->first <= clock_.Now() && !stopping_) {
    const auto at = records_.find(tainted_.extract(tainted_.begin()).mapped());
    if (at == records_.end() || at->second->pod == nullptr) continue;
    if (at->second->pod->IsTerminal() || at->second->pod->metadata.deleting()) continue;
    store::DisruptPod(store_, at->second->reference, FaultKind::kNodeTainted);
    any = true;
  }
  return any;
}

IncidentOutcome Machine::ApplyToPod(PodRecord& record, const world::Incident& incident) {
  IncidentOutcome applied{.pod = record.reference.name.str()};
  if (incident.fault == FaultKind::kPodKilled) return Kill(record);
  if (incident.fault == FaultKind::kPodExits) return Exit(record, incident.exit_code);
  if (incident.fault == FaultKind::kPodCondition) {
    const Time now = clock_.Now();
    store_.UpdatePodStatus(record.reference, [&](const core::Pod&, core::PodStatus& status) {
      core::PodCondition condition;
      condition.type = incident.condition;
      condition.status = incident.condition_status;
      condition.reason = incident.condition_reason;
      condition.last_transition_time = TruncateToSeconds(now);
      status.SetCondition(std::move(condition));
    });
    LookAtGates(record);
  } else if (incident.fault == FaultKind::kPodDeleted) {
    store_.DeletePod(world::PodReference(record.reference));
  } else if (!world::PodEndOf(incident.fault).reason.empty()) {
    if (!record.worker) return {.kind = OutcomeKind::kPodNotOnNode, .pod = std::move(applied.pod)};
    EndByKubelet(record, incident.fault, Nanoseconds(0));
  } else {
    store::DisruptPod(store_, record.reference, incident.fault);
  }
  return applied;
}

// Whether the pod is ready may follow from the condition.
void Machine::LookAtGates(PodRecord& record) {
  if (!record.worker || record.spec->rest["readinessGates"].size() == 0) return;
  record.written_revision = 0;
  Touch(record);
}

IncidentOutcome Machine::Kill(PodRecord& record) {
  bool any = false;
  for (const runtime::ContainerId id : record.containers) {
    if (id == kNoContainer) continue;
    runtime_.StopContainer(id, std::chrono::milliseconds(0));
    any = true;
  }
  return {.kind = any ? OutcomeKind::kApplied : OutcomeKind::kPodNotRunning, .pod = record.reference.name.str()};
}

// Of every regular container that runs.
IncidentOutcome Machine::Exit(PodRecord& record, std::int32_t exit_code) {
  bool any = false;
  for (std::size_t i = record.spec->init_containers.size(); i < record.containers.size(); ++i) {
    RunningContainer* running = containers_.Find(record.containers[i]);
    if (running == nullptr) continue;
    running->injected_end = {exit_code, ReasonOf(exit_code)};
    runtime_.StopContainer(record.containers[i], std::chrono::milliseconds(0));
    any = true;
  }
  return {.kind = any ? OutcomeKind::kApplied : OutcomeKind::kPodNotRunning, .pod = record.reference.name.str()};
}

IncidentOutcome Machine::ApplyToContainer(PodRecord& record, const world::Incident& incident) {
  IncidentOutcome outcome{.kind = OutcomeKind::kNoContainer, .pod = record.reference.name.str()};
  for (std::size_t i = 0; i < record.containers.size(); ++i) {
    if (kubelet::ContainerAt(*record.spec, i).name != incident.container) continue;
    RunningContainer* running = containers_.Find(record.containers[i]);
    outcome.kind = running == nullptr ? OutcomeKind::kContainerNotRunning : OutcomeKind::kApplied;
    if (running == nullptr) break;
    if (incident.fault == FaultKind::kContainerOutOfMemory) {
      running->injected_end = {137, runtime::ExitReason::kOomKilled};
    } else if (incident.fault == FaultKind::kContainerExits) {
      running->injected_end = {incident.exit_code, ReasonOf(incident.exit_code)};
    }
    runtime_.StopContainer(record.containers[i], std::chrono::milliseconds(0));
    break;
  }
  return outcome;
}

// Its processes are gone, and nobody is left to say so: the garbage collector fails it, its containers' states stay as
// they were told last.
void Machine::Lose(PodRecord& record) {
  const world::PodReference reference = record.reference;
  record.lost = true;
  record.worker->Delete(Nanoseconds(0), clock_.Now());
  Touch(record);
  store::FailPodOfLostNode(store_, reference);
}

void Machine::EndByKubelet(PodRecord& record, FaultKind fault, Nanoseconds grace, std::string message) {
  if (!record.worker) return;
  record.ended_by = fault;
  record.ended_message = std::move(message);
  record.worker->Delete(grace, clock_.Now());
  Touch(record);
}

// Reason, message and condition come with the end, in one write.
void Machine::NoteEnd(const PodRecord& record, core::PodStatus& status) const {
  if (!record.ended_by || status.phase != core::PodPhase::kFailed) return;
  const world::DisruptionTarget end = world::PodEndOf(*record.ended_by);
  status.reason = end.reason;
  status.message = record.ended_message.empty() ? SharedString(end.message) : SharedString(record.ended_message);
  const world::DisruptionTarget condition = world::DisruptionTargetOf(*record.ended_by);
  if (condition.reason.empty()) return;
  kubelet::SetCondition(core::kDisruptionTargetCondition, true, condition.reason, condition.message, clock_.Now(),
                        status);
}

}  // namespace reprieve::node
