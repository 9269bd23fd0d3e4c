// Machine: what incidents do to nodes, pods and containers. Source: spec/job.md 4.3.
#include <algorithm>

#include "base/saturate.h"
#include "base/text.h"
#include "kubelet/pod_phase.h"
#include "node/machine.h"

namespace reprieve::node {
namespace {

using world::FaultKind;

constexpr std::string_view kNothingHappened = "nothing happened";

std::string Pods(std::size_t count, std::string_view what) {
  return Cat(count, count == 1 ? " pod " : " pods ", what);
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
    const std::string outcome = Apply(incident);
    if (options_.incident_applied) options_.incident_applied(incident, outcome, !outcome.starts_with(kNothingHappened));
    any = true;
  }
  return any;
}

std::vector<std::string> Machine::PendingIncidents() const {
  std::vector<std::string> out;
  for (const auto& [when, incident] : incidents_) out.push_back(incident.text);
  return out;
}

std::string Machine::Apply(const world::Incident& incident) {
  if (!incident.node.empty()) return ApplyToNode(incident);
  PodRecord* record = FindCalled(incident.pod);
  if (record == nullptr) return Cat(kNothingHappened, ", for no pod ", incident.pod, " is there now");
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

std::string Machine::ApplyToNode(const world::Incident& incident) {
  if (placement_.FindNode(incident.node) == nullptr)
    return Cat(kNothingHappened, ", for there is no node ", incident.node);
  placement_.SetSchedulable(incident.node, incident.fault == FaultKind::kNodeBack);
  if (incident.fault == FaultKind::kNodeBack) return "it takes pods again";
  std::vector<PodRecord*> here;
  for (const auto& [number, record] : records_) {
    const bool there = record->worker && record->pod != nullptr && record->node->name == incident.node;
    if (there && !record->pod->IsTerminal()) here.push_back(record.get());
  }
  std::sort(here.begin(), here.end(), [](const PodRecord* a, const PodRecord* b) { return a->number < b->number; });
  for (PodRecord* record : here) {
    if (incident.fault == FaultKind::kNodeLost) {
      Lose(*record);
    } else if (incident.fault == FaultKind::kNodeShutDown) {
      EndByKubelet(*record, incident.fault, DurationOfSeconds(record->spec->termination_grace_period_seconds.value_or(30)));
    } else {
      Disrupt(*record, incident.fault);
    }
  }
  return Pods(here.size(), incident.fault == FaultKind::kNodeLost       ? "lost"
                           : incident.fault == FaultKind::kNodeShutDown ? "ended by the kubelet"
                           : incident.fault == FaultKind::kNodeTainted  ? "deleted"
                                                                        : "evicted");
}

std::string Machine::ApplyToPod(PodRecord& record, const world::Incident& incident) {
  const SharedString name = record.reference.name;
  if (incident.fault == FaultKind::kPodKilled) return Kill(record);
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
    return Cat(name, " has it");
  }
  if (incident.fault == FaultKind::kPodDeleted) {
    store_.DeletePod(world::PodReference(record.reference));
    return Cat(name, " deleted");
  }
  if (incident.fault == FaultKind::kPodUnderPressure) {
    if (!record.worker) return Cat(kNothingHappened, ", for ", name, " is on no node yet");
    EndByKubelet(record, incident.fault, Nanoseconds(0));
    return Cat(name, " evicted by the kubelet");
  }
  Disrupt(record, incident.fault);
  return Cat(name, incident.fault == FaultKind::kPodPreempted ? " preempted" : " evicted");
}

std::string Machine::Kill(PodRecord& record) {
  std::size_t killed = 0;
  for (const runtime::ContainerId id : record.containers) {
    if (id == kNoContainer) continue;
    runtime_.StopContainer(id, std::chrono::milliseconds(0));
    ++killed;
  }
  const SharedString& name = record.reference.name;
  return killed > 0 ? Cat("SIGKILL to ", name) : Cat(kNothingHappened, ", for nothing of ", name, " runs now");
}

std::string Machine::ApplyToContainer(PodRecord& record, const world::Incident& incident) {
  for (std::size_t i = 0; i < record.containers.size(); ++i) {
    if (kubelet::ContainerAt(*record.spec, i).name != incident.container) continue;
    RunningContainer* running = containers_.Find(record.containers[i]);
    if (running == nullptr) {
      return Cat(kNothingHappened, ", for container ", incident.container, " of ", record.reference.name,
                 " does not run now");
    }
    if (incident.fault == FaultKind::kContainerOutOfMemory) {
      running->injected_end = {137, runtime::ExitReason::kOomKilled};
    } else if (incident.fault == FaultKind::kContainerExits) {
      running->injected_end = {incident.exit_code,
                               incident.exit_code == 0 ? runtime::ExitReason::kCompleted : runtime::ExitReason::kError};
    }
    runtime_.StopContainer(record.containers[i], std::chrono::milliseconds(0));
    return Cat("SIGKILL to ", incident.container, " of ", record.reference.name);
  }
  return Cat(kNothingHappened, ", for ", record.reference.name, " has no container ", incident.container);
}

// The condition first, then the deletion, as every component does it.
void Machine::Disrupt(PodRecord& record, FaultKind fault) {
  const world::PodReference reference = record.reference;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(fault);
  store_.MarkDisrupted(reference, condition.reason, condition.message);
  store_.DeletePod(reference);
}

// Its processes are gone, and nobody is left to say so: the garbage collector fails it, its containers' states stay as
// they were told last.
void Machine::Lose(PodRecord& record) {
  const world::PodReference reference = record.reference;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(FaultKind::kNodeLost);
  record.lost = true;
  record.worker->Delete(Nanoseconds(0), clock_.Now());
  Touch(record);
  store_.MarkDisrupted(reference, condition.reason, condition.message);
  store_.UpdatePodStatus(reference,
                         [](const core::Pod&, core::PodStatus& status) { status.phase = core::PodPhase::kFailed; });
  store_.RemovePod(reference);
}

void Machine::EndByKubelet(PodRecord& record, FaultKind fault, Nanoseconds grace) {
  if (!record.worker) return;
  record.ended_by = fault;
  record.worker->Delete(grace, clock_.Now());
  Touch(record);
}

// Reason, message and condition come with the end, in one write.
void Machine::NoteEnd(const PodRecord& record, core::PodStatus& status) const {
  if (!record.ended_by || status.phase != core::PodPhase::kFailed) return;
  const world::DisruptionTarget end = world::PodEndOf(*record.ended_by);
  status.reason = end.reason;
  status.message = end.message;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(*record.ended_by);
  kubelet::SetCondition(core::kDisruptionTargetCondition, true, condition.reason, condition.message, clock_.Now(),
                        status);
}

}  // namespace reprieve::node
