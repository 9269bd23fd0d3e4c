// Machine: what incidents do to nodes, pods and containers. Source: spec/job.md 4.3.
#include <algorithm>

#include "base/text.h"
#include "kubelet/pod_phase.h"
#include "node/machine.h"
#include "node/machine_resident.h"

namespace reprieve::node {
namespace {

using world::Fate;

constexpr std::string_view kNothingHappened = "nothing happened";

std::string Pods(std::size_t count, std::string_view what) {
  return Cat(count, count == 1 ? " pod " : " pods ", what);
}

}  // namespace

void Machine::Schedule(world::Incident incident) {
  const Time when = clock_.Now() + incident.at;
  incidents_.emplace(when, std::move(incident));
}

bool Machine::SufferDue() {
  bool any = false;
  while (!incidents_.empty() && incidents_.begin()->first <= clock_.Now() && !stopping_) {
    const world::Incident incident = std::move(incidents_.extract(incidents_.begin()).mapped());
    const std::string outcome = Suffer(incident);
    if (options_.suffered) options_.suffered(incident, outcome, !outcome.starts_with(kNothingHappened));
    any = true;
  }
  return any;
}

std::vector<std::string> Machine::NotYetSuffered() const {
  std::vector<std::string> out;
  for (const auto& [when, incident] : incidents_) out.push_back(incident.text);
  return out;
}

std::string Machine::Suffer(const world::Incident& incident) {
  if (!incident.node.empty()) return SufferOnNode(incident);
  Resident* resident = FindCalled(incident.pod);
  if (resident == nullptr) return Cat(kNothingHappened, ", for no pod ", incident.pod, " is there now");
  return incident.container.empty() ? SufferByPod(*resident, incident) : SufferByContainer(*resident, incident);
}

Machine::Resident* Machine::FindCalled(const std::string& name) {
  Resident* found = nullptr;
  for (const auto& [number, resident] : residents_) {
    if (resident->pod == nullptr || resident->pod->IsTerminal() || resident->pod->metadata.deleting()) continue;
    if (!world::IsCalled(*resident->pod, name)) continue;
    if (found == nullptr || number < found->number) found = resident.get();
  }
  return found;
}

std::string Machine::SufferOnNode(const world::Incident& incident) {
  if (placement_.FindNode(incident.node) == nullptr)
    return Cat(kNothingHappened, ", for there is no node ", incident.node);
  placement_.SetSchedulable(incident.node, incident.fate == Fate::kNodeBack);
  if (incident.fate == Fate::kNodeBack) return "it takes pods again";
  std::vector<Resident*> here;
  for (const auto& [number, resident] : residents_) {
    const bool there = resident->worker && resident->pod != nullptr && resident->node->name == incident.node;
    if (there && !resident->pod->IsTerminal()) here.push_back(resident.get());
  }
  std::sort(here.begin(), here.end(), [](const Resident* a, const Resident* b) { return a->number < b->number; });
  for (Resident* resident : here) {
    if (incident.fate == Fate::kNodeLost) {
      Lose(*resident);
    } else if (incident.fate == Fate::kNodeShutDown) {
      EndByKubelet(*resident, incident.fate, Seconds(resident->spec->termination_grace_period_seconds.value_or(30)));
    } else {
      Disrupt(*resident, incident.fate);
    }
  }
  return Pods(here.size(), incident.fate == Fate::kNodeLost       ? "lost"
                           : incident.fate == Fate::kNodeShutDown ? "ended by the kubelet"
                           : incident.fate == Fate::kNodeTainted  ? "deleted"
                                                                  : "evicted");
}

std::string Machine::SufferByPod(Resident& resident, const world::Incident& incident) {
  const SharedString name = resident.reference.name;
  if (incident.fate == Fate::kPodKilled) return Kill(resident);
  if (incident.fate == Fate::kPodCondition) {
    const Time now = clock_.Now();
    store_.UpdatePodStatus(resident.reference, [&](const core::Pod&, core::PodStatus& status) {
      core::PodCondition condition;
      condition.type = incident.condition;
      condition.status = incident.condition_status;
      condition.reason = incident.condition_reason;
      condition.last_transition_time = TruncateToSeconds(now);
      status.SetCondition(std::move(condition));
    });
    return Cat(name, " has it");
  }
  if (incident.fate == Fate::kPodDeleted) {
    store_.DeletePod(world::PodReference(resident.reference));
    return Cat(name, " deleted");
  }
  if (incident.fate == Fate::kPodUnderPressure) {
    if (!resident.worker) return Cat(kNothingHappened, ", for ", name, " is on no node yet");
    EndByKubelet(resident, incident.fate, Nanoseconds(0));
    return Cat(name, " evicted by the kubelet");
  }
  Disrupt(resident, incident.fate);
  return Cat(name, incident.fate == Fate::kPodPreempted ? " preempted" : " evicted");
}

std::string Machine::Kill(Resident& resident) {
  std::size_t killed = 0;
  for (const runtime::ContainerId id : resident.containers) {
    if (id == kNoContainer) continue;
    runtime_.StopContainer(id, std::chrono::milliseconds(0));
    ++killed;
  }
  const SharedString& name = resident.reference.name;
  return killed > 0 ? Cat("SIGKILL to ", name) : Cat(kNothingHappened, ", for nothing of ", name, " runs now");
}

std::string Machine::SufferByContainer(Resident& resident, const world::Incident& incident) {
  for (std::size_t i = 0; i < resident.containers.size(); ++i) {
    if (kubelet::ContainerAt(*resident.spec, i).name != incident.container) continue;
    const auto running = containers_.find(static_cast<std::uint64_t>(resident.containers[i]));
    if (running == containers_.end()) {
      return Cat(kNothingHappened, ", for container ", incident.container, " of ", resident.reference.name,
                 " does not run now");
    }
    if (incident.fate == Fate::kContainerOutOfMemory) {
      running->second.inflicted = {137, runtime::ExitReason::kOomKilled};
    } else if (incident.fate == Fate::kContainerExits) {
      running->second.inflicted = {
          incident.exit_code, incident.exit_code == 0 ? runtime::ExitReason::kCompleted : runtime::ExitReason::kError};
    }
    runtime_.StopContainer(resident.containers[i], std::chrono::milliseconds(0));
    return Cat("SIGKILL to ", incident.container, " of ", resident.reference.name);
  }
  return Cat(kNothingHappened, ", for ", resident.reference.name, " has no container ", incident.container);
}

// The condition first, then the deletion, as every component does it.
void Machine::Disrupt(Resident& resident, Fate fate) {
  const world::PodReference reference = resident.reference;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(fate);
  store_.MarkDisrupted(reference, condition.reason, condition.message);
  store_.DeletePod(reference);
}

// Its processes are gone, and nobody is left to say so: the garbage collector fails it, its containers' states stay as
// they were told last.
void Machine::Lose(Resident& resident) {
  const world::PodReference reference = resident.reference;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(Fate::kNodeLost);
  resident.lost = true;
  resident.worker->Delete(Nanoseconds(0), clock_.Now());
  Touch(resident);
  store_.MarkDisrupted(reference, condition.reason, condition.message);
  store_.UpdatePodStatus(reference,
                         [](const core::Pod&, core::PodStatus& status) { status.phase = core::PodPhase::kFailed; });
  store_.RemovePod(reference);
}

void Machine::EndByKubelet(Resident& resident, Fate fate, Nanoseconds grace) {
  if (!resident.worker) return;
  resident.ended_by = fate;
  resident.worker->Delete(grace, clock_.Now());
  Touch(resident);
}

// Reason, message and condition come with the end, in one write.
void Machine::NoteEnd(const Resident& resident, core::PodStatus& status) const {
  if (!resident.ended_by || status.phase != core::PodPhase::kFailed) return;
  const world::DisruptionTarget end = world::PodEndOf(*resident.ended_by);
  status.reason = end.reason;
  status.message = end.message;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(*resident.ended_by);
  kubelet::SetCondition(core::kDisruptionTargetCondition, true, condition.reason, condition.message, clock_.Now(),
                        status);
}

}  // namespace reprieve::node
