// The probes of containers: Machine's part between its workers and the Prober.
#include "base/text.h"
#include "node/machine_resident.h"

namespace reprieve::node {

void Machine::Try(Resident& resident, const kubelet::PodActions::Try& attempt) {
  if (resident.pod == nullptr) return;  // it is on its way out
  const core::Container& container = kubelet::ContainerAt(*resident.spec, attempt.container);
  const core::Probe& probe = *kubelet::ProbeOf(container, attempt.probe);
  const kubelet::ProbeTicket ticket{resident.number, attempt};
  if (probe.http_get || probe.tcp_socket) return prober_.TrySocket(ticket, container, probe, resident.address);
  runtime::ExecSpec process;
  if (probe.exec) {
    auto made = kubelet::MakeExecSpec(container, probe.exec->command, ContextOf(resident));
    if (!made) return inbox_.Add({ticket, kubelet::ProbeOutcome::kUnknown, made.error().message});
    process = std::move(*made);
  }
  prober_.TryExec(ticket, probe, resident.containers[attempt.container], std::move(process));
}

void Machine::Handle(const runtime::ExecEnd& end) {
  if (auto answer = prober_.AnswerTo(end)) Handle(*answer);
}

void Machine::Handle(kubelet::ProbeAnswer& answer) {
  const auto at = residents_.find(answer.ticket.pod);
  if (at == residents_.end()) return;
  Resident& resident = *at->second;
  const kubelet::PodActions::Try& attempt = answer.ticket.attempt;
  // Once may be chance: the container may just have ended.
  if (answer.outcome == kubelet::ProbeOutcome::kUnknown && ++resident.attempts_not_made == 2 && options_.notice) {
    options_.notice(Cat("pod ", resident.reference.name, ": the ", kubelet::NameOf(attempt.probe),
                        " probe of container ", kubelet::ContainerAt(*resident.spec, attempt.container).name,
                        " cannot be tried, and counts for nothing: ", answer.message));
  }
  resident.worker->Probed(attempt, answer.outcome, std::move(answer.message), clock_.Now());
  Touch(resident);
}

}  // namespace reprieve::node
