// Machine: starts and stops containers, and passes the runtime's reports on to the pods' workers.
#include <utility>
#include <variant>

#include "base/text.h"
#include "node/machine.h"

namespace reprieve::node {

bool Machine::TakeMessages() {
  inbox_.Take(messages_);
  for (kubelet::RuntimeMessage& message : messages_) {
    std::visit([this](auto& m) { Handle(m); }, message);
  }
  StartPending();
  return !messages_.empty();
}

void Machine::Handle(const runtime::ContainerStarted& started) {
  RunningContainer* running = containers_.Find(started.container);
  if (running == nullptr) return;
  containers_.MarkStarted(*running);
  running->record->worker->Started(running->container, started.started_at);
  Touch(*running->record);
}

void Machine::Handle(runtime::ContainerExit& exit) {
  const auto ended = containers_.Remove(exit.container);
  if (!ended) return;
  PodRecord& record = *ended->record;
  record.containers[ended->container] = kNoContainer;
  if (ended->injected_end) {
    exit.exit_code = ended->injected_end->exit_code;
    exit.reason = ended->injected_end->reason;
  }
  if (exit.engine_lost && !ended->injected_end) {
    EndByKubelet(record, world::FaultKind::kNodeShutDown, Nanoseconds(0),
                 "The container engine was restarted, or lost the pod's containers.");
  }
  record.worker->Exited(ended->container,
                        {exit.exit_code, std::string(runtime::ExitReasonName(exit.reason)), std::move(exit.message),
                         exit.started_at, exit.finished_at},
                        clock_.Now());
  Touch(record);
}

void Machine::Handle(const runtime::ContainerRefused& refused) {
  const auto ended = containers_.Remove(refused.container);
  if (!ended) return;
  ended->record->containers[ended->container] = kNoContainer;
  MistrustImage(*ended->record, ended->container);
  CannotStart(*ended->record, ended->container, refused.reason, {refused.message});
}

void Machine::Handle(const kubelet::OutputLine& line) {
  const RunningContainer* running = containers_.Find(line.container);
  if (running == nullptr || !options_.output) return;
  const PodRecord& record = *running->record;
  options_.output(
      {record.reference, kubelet::ContainerAt(*record.spec, running->container).name, line.stream, line.text});
}

void Machine::Handle(const kubelet::RuntimeNotice& notice) {
  Notice(notice.text);
}

void Machine::Handle(kubelet::VolumeOverLimit& over) {
  const auto at = records_.find(over.pod);
  if (at == records_.end() || !at->second->worker || at->second->ended_by) return;
  EndByKubelet(*at->second, world::FaultKind::kPodOverStorageLimit, Nanoseconds(0), std::move(over.message));
}

void Machine::Handle(const kubelet::AgentsReported&) {
  for (const auto& [number, attempt] : setup_.TakeAgentReports()) {
    const auto at = records_.find(number);
    if (at == records_.end() || at->second->pod == nullptr) continue;
    const std::string text = Cat(attempt);
    const SharedString* now = at->second->pod->metadata.annotations.Find(jobset::kInPlaceRestartAttempt);
    if (now != nullptr && *now == text) continue;
    writing_ = true;
    store_.UpdatePodAnnotations(at->second->reference, [&text](meta::Labels& annotations) {
      annotations.Set(jobset::kInPlaceRestartAttempt, text);
    });
    writing_ = false;
  }
}

void Machine::StopContainer(PodRecord& record, const kubelet::PodActions::Stop& stop) {
  if (!stop.why.empty()) Notice(Cat("pod ", record.reference.name, ": ", stop.why));
  const runtime::ContainerId id = record.containers[stop.container];
  if (id != kNoContainer) {
    return runtime_.StopContainer(id, std::chrono::ceil<std::chrono::milliseconds>(stop.grace));
  }
  // It is still queued; StartPending will find that it is no longer wanted.
  record.worker->StartCancelled(stop.container);
  Touch(record);
}

void Machine::StartPending() {
  while (const auto next = containers_.NextPending()) {
    const auto at = records_.find(next->pod);
    if (at == records_.end() || !at->second->worker->IsStarting(next->container, next->attempt)) continue;
    if (at->second->containers[next->container] != kNoContainer) continue;  // already started for a later request
    Start(*at->second, next->container, next->attempt);
  }
}

void Machine::Start(PodRecord& record, std::size_t index, std::int32_t attempt) {
  if (record.pod == nullptr) return CannotStart(record, index, "CreateContainerError", {"the pod is gone"});
  const core::Container& container = kubelet::ContainerAt(*record.spec, index);
  std::optional<std::string> image;
  if (record.in_images) {
    image = ImageFor(record, index, attempt);
    if (!image) return;
  }
  const bool has_volumes = record.volumes.has_value();
  if (auto ready = setup_.Prepare(record); !ready) {
    return CannotStart(record, index, "CreateContainerConfigError", ready.error());
  }
  if (!has_volumes && !record.volumes->limited().empty()) volume_watch_.Watch(record.number, record.volumes->limited());
  auto spec = kubelet::MakeContainerSpec(container, setup_.ContextOf(record));
  if (!spec) return CannotStart(record, index, "CreateContainerConfigError", spec.error());
  if (image) spec->image->name = std::move(*image);
  spec->attempt = attempt;
  spec->log_path = LogPath({record.reference.namespace_, record.reference.name}, container.name, attempt);
  if (record.agent) spec->mounts.push_back(record.agent->socket);
  const auto started = runtime_.StartContainer(*record.sandbox, std::move(*spec));
  if (!started) return CannotStart(record, index, "CreateContainerError", started.error());
  record.containers[index] = *started;
  containers_.Add(*started, record, index);
}

void Machine::CannotStart(PodRecord& record, std::size_t container, std::string_view reason, const Error& error,
                          std::optional<Time> retry_at) {
  record.worker->CannotStart(container, std::string(reason), error.message, clock_.Now(), retry_at);
  Touch(record);
}

}  // namespace reprieve::node
