// Machine: connects the probes and hooks of its workers with the Prober.
#include "base/text.h"
#include "model/bind.h"
#include "node/machine.h"

namespace reprieve::node {

void Machine::Try(PodRecord& record, const kubelet::PodActions::Try& attempt) {
  if (record.pod == nullptr) return;  // it is being removed
  const core::Container& container = kubelet::ContainerAt(*record.spec, attempt.container);
  const core::Probe& probe = *kubelet::ProbeOf(container, attempt.probe);
  const kubelet::ProbeTicket ticket{record.number, attempt};
  if (probe.http_get || probe.tcp_socket || probe.rest["grpc"].IsObject()) {
    return prober_.TrySocket(ticket, container, probe, record.address);
  }
  runtime::ExecSpec process;
  if (probe.exec) {
    auto made = kubelet::MakeExecSpec(container, probe.exec->command, setup_.ContextOf(record));
    if (!made) return inbox_.Add({ticket, kubelet::ProbeOutcome::kUnknown, made.error().message});
    process = std::move(*made);
  }
  prober_.TryExec(ticket, probe, record.containers[attempt.container], std::move(process));
}

void Machine::Run(PodRecord& record, const kubelet::PodActions::Hook& hook) {
  const kubelet::ProbeTicket ticket{record.number, {}, hook};
  const auto fail = [&](std::string why) { inbox_.Add({ticket, kubelet::ProbeOutcome::kFailure, std::move(why)}); };
  if (record.pod == nullptr) return fail("the pod is gone");
  const core::Container& container = kubelet::ContainerAt(*record.spec, hook.container);
  const core::Value& wanted = kubelet::HookOf(container, hook.kind);
  if (wanted["httpGet"].IsObject()) {
    core::HttpGetAction get;
    model::FromValue(wanted["httpGet"], get);
    return prober_.SendHook(ticket, container, get, record.address);
  }
  if (!wanted["exec"].IsObject())
    return fail("a hook can't open a connection, as on a cluster: tcpSocket always fails");
  core::ExecAction action;
  model::FromValue(wanted["exec"], action);
  auto process = kubelet::MakeExecSpec(container, action.command, setup_.ContextOf(record));
  if (!process) return fail(process.error().message);
  prober_.ExecHook(ticket, record.containers[hook.container], std::move(*process));
}

void Machine::EndHook(PodRecord& record, kubelet::ProbeAnswer& answer) {
  const kubelet::PodActions::Hook& hook = *answer.ticket.hook;
  std::string failure;
  if (answer.outcome != kubelet::ProbeOutcome::kSuccess) failure = std::move(answer.message);
  const bool stops = hook.kind == kubelet::HookKind::kPreStop;
  // That of a postStart is told with what follows from it.
  const bool over = record.containers[hook.container] == kNoContainer;
  if (!failure.empty() && stops && !over) {
    Notice(Cat("pod ", record.reference.name, ": container ", kubelet::ContainerAt(*record.spec, hook.container).name,
               " failed its preStop hook (", failure, "); it is stopped all the same"));
  }
  record.worker->Hooked(hook, std::move(failure), clock_.Now());
  Touch(record);
}

void Machine::Handle(const runtime::ExecEnd& end) {
  if (auto answer = prober_.AnswerTo(end)) Handle(*answer);
}

void Machine::Handle(kubelet::ProbeAnswer& answer) {
  const auto at = records_.find(answer.ticket.pod);
  if (at == records_.end()) return;
  PodRecord& record = *at->second;
  if (answer.ticket.hook) return EndHook(record, answer);
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
