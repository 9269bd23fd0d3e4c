// Machine: connects the probes of its workers with the Prober.
#include "base/text.h"
#include "node/machine.h"

namespace reprieve::node {

void Machine::Try(PodRecord& record, const kubelet::PodActions::Try& attempt) {
  if (record.pod == nullptr) return;  // it is being removed
  const core::Container& container = kubelet::ContainerAt(*record.spec, attempt.container);
  const core::Probe& probe = *kubelet::ProbeOf(container, attempt.probe);
  const kubelet::ProbeTicket ticket{record.number, attempt};
  if (probe.http_get || probe.tcp_socket) return prober_.TrySocket(ticket, container, probe, record.address);
  runtime::ExecSpec process;
  if (probe.exec) {
    auto made = kubelet::MakeExecSpec(container, probe.exec->command, setup_.ContextOf(record));
    if (!made) return inbox_.Add({ticket, kubelet::ProbeOutcome::kUnknown, made.error().message});
    process = std::move(*made);
  }
  prober_.TryExec(ticket, probe, record.containers[attempt.container], std::move(process));
}

void Machine::Handle(const runtime::ExecEnd& end) {
  if (auto answer = prober_.AnswerTo(end)) Handle(*answer);
}

void Machine::Handle(kubelet::ProbeAnswer& answer) {
  const auto at = records_.find(answer.ticket.pod);
  if (at == records_.end()) return;
  PodRecord& record = *at->second;
  const kubelet::PodActions::Try& attempt = answer.ticket.attempt;
  // A single one may be a coincidence: the container may just have ended.
  if (answer.outcome == kubelet::ProbeOutcome::kUnknown && ++record.attempts_not_made == 2) {
    Notice(Cat("pod ", record.reference.name, ": the ", kubelet::NameOf(attempt.probe), " probe of container ",
               kubelet::ContainerAt(*record.spec, attempt.container).name,
               " cannot be tried and is ignored: ", answer.message));
  }
  record.worker->Probed(attempt, answer.outcome, std::move(answer.message), clock_.Now());
  Touch(record);
}

}  // namespace reprieve::node
