#include "runtime/supervisor.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "runtime/supervision.h"

namespace reprieve::runtime {

std::string_view ExitReasonName(ExitReason reason) {
  switch (reason) {
    case ExitReason::kCompleted:
      return "Completed";
    case ExitReason::kError:
      return "Error";
    case ExitReason::kOomKilled:
      return "OOMKilled";
    case ExitReason::kStartError:
      return "StartError";
  }
  return {};
}

Result<std::unique_ptr<Supervisor>> Supervisor::Start(SupervisorOptions options, RuntimeEvents events) {
  REPRIEVE_CHECK(events.exited, "a runtime needs somewhere to deliver its exits");
  auto context = RuntimeContext::Open(options.state_directory, options.probe);
  if (!context) return context.error();
  (*context)->events = std::move(events);
  auto poller = Poller::Open();
  if (!poller) return poller.error();
  auto supervision = std::make_unique<Supervision>(std::move(*context), std::move(*poller), options);
  if (!supervision->Begin()) return Error{"the kernel lets this user watch no more descriptors (max_user_watches)"};
  return std::unique_ptr<Supervisor>(new Supervisor(std::move(supervision)));
}

Supervisor::Supervisor(std::unique_ptr<Supervision> supervision) : supervision_(std::move(supervision)) {}
Supervisor::~Supervisor() = default;

std::vector<std::string> Supervisor::End() {
  return supervision_->End();
}

bool Supervisor::has_own_mounts() const {
  return supervision_->context().capabilities.own_mounts();
}

std::string Supervisor::Describe() const {
  return Cat(supervision_->context().capabilities.Describe(), "; ", supervision_->context().cgroups.Describe());
}
const Capabilities& Supervisor::capabilities() const {
  return supervision_->context().capabilities;
}

Result<SandboxId> Supervisor::RunPodSandbox(PodSandboxSpec spec) {
  return supervision_->RunPodSandbox(std::move(spec));
}
Result<ContainerId> Supervisor::StartContainer(SandboxId sandbox, ContainerSpec spec) {
  return supervision_->StartContainer(sandbox, std::move(spec));
}
void Supervisor::StopContainer(ContainerId container, std::chrono::milliseconds grace) {
  supervision_->StopContainer(container, grace);
}
Result<ExecId> Supervisor::Exec(ContainerId container, ExecSpec spec) {
  return supervision_->Exec(container, std::move(spec));
}
void Supervisor::RemovePodSandbox(SandboxId sandbox) {
  supervision_->RemovePodSandbox(sandbox);
}

}  // namespace reprieve::runtime
