#include "runtime/docker/docker_runtime.h"

#include <filesystem>
#include <future>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "net/url.h"
#include "runtime/docker/gpus.h"
#include "runtime/docker/sandbox_image.h"
#include "runtime/docker/sweep.h"
#include "runtime/docker/worker.h"
#include "runtime/init_image.h"
#include "runtime/no_links.h"

namespace reprieve::runtime::docker {
namespace {

EngineRequest LookAtSandboxImage() {
  return {.path = Cat("/images/", net::PercentEncode(SandboxImageName()), "/json")};
}

// Only the answer to a second question says whether a load has worked: its own is 200 in any case.
Status LoadSandboxImage(EngineClient& engine, EngineReply there) {
  if (there.ok()) return Ok();
  const EngineReply loaded =
      engine.Ask({.method = "POST", .path = "/images/load?quiet=1", .body = SandboxImageArchive()});
  if (loaded.ok()) there = engine.Ask(LookAtSandboxImage());
  if (there.ok()) return Ok();
  return Error{Cat(engine.identity().Describe(), " does not take the image that holds a pod's namespaces: ",
                   loaded.ok() ? there.error : loaded.error)};
}

Status PrepareFiles(const std::string& directory) {
  if (const int error = MakeDirectories(directory, 0711)) {
    return Error{Cat("directory ", directory, " cannot be made: ", FileErrorText(error))};
  }
  if (const int error = WriteNewFile(Worker::InitPathIn(directory), InitImage(), 0755)) {
    return Error{Cat("no file can be made in ", directory, ": ", FileErrorText(error))};
  }
  return Ok();
}

}  // namespace

Result<std::unique_ptr<DockerRuntime>> DockerRuntime::Start(EngineClient& engine, DockerRuntimeOptions options,
                                                            RuntimeEvents events) {
  REPRIEVE_CHECK(events.exited && events.refused, "a runtime needs somewhere to deliver its exits");
  if (Status made = PrepareFiles(options.state_directory); !made) return made.error();
  // All is asked at once: each answer takes its time where the machine is busy.
  std::future<EngineReply> sandbox_image = engine.Begin(LookAtSandboxImage());
  std::future<EngineReply> info;
  if (options.gpus) info = engine.Begin({.path = "/info"});
  for (const std::string& why : SweepDeadRuns(engine).failed) {
    if (events.notice) events.notice(Cat(engine.identity().Describe(), ": ", why));
  }
  if (Status loaded = LoadSandboxImage(engine, sandbox_image.get()); !loaded) return loaded.error();
  std::unique_ptr<DockerRuntime> runtime(new DockerRuntime(engine));
  runtime->state_directory_ = options.state_directory;
  GpuSupport gpus;
  if (options.gpus) gpus = GpuSupportOf(engine.identity(), info.get().body);
  engine.RunInLoop([&] {
    runtime->worker_ = std::make_unique<Worker>(engine, std::move(options), std::move(events), std::move(gpus));
  });
  return runtime;
}

DockerRuntime::DockerRuntime(EngineClient& engine) : engine_(engine) {}

DockerRuntime::~DockerRuntime() {
  End();
}

std::vector<std::string> DockerRuntime::End() {
  if (!worker_) return {};
  std::promise<std::vector<std::string>> ended;
  engine_.Post([&] { worker_->End([&](std::vector<std::string> left) { ended.set_value(std::move(left)); }); });
  std::vector<std::string> left = ended.get_future().get();
  engine_.RunInLoop([&] { worker_->CloseStreams(); });
  worker_->EndLogs();
  engine_.RunInLoop([&] { worker_.reset(); });
  std::error_code failed;
  std::filesystem::remove_all(state_directory_, failed);
  if (failed) left.push_back(Cat("folder ", state_directory_));
  return left;
}

Result<SandboxId> DockerRuntime::RunPodSandbox(PodSandboxSpec spec) {
  const SandboxId id{next_id_++};
  engine_.Post([this, id, spec = std::move(spec)]() mutable { worker_->AddPod(id, std::move(spec)); });
  return id;
}

Result<ContainerId> DockerRuntime::StartContainer(SandboxId sandbox, ContainerSpec spec) {
  if (!spec.image) return Error{Cat("container ", spec.name, " has no image")};
  const ContainerId id{next_id_++};
  engine_.Post(
      [this, id, sandbox, spec = std::move(spec)]() mutable { worker_->StartContainer(id, sandbox, std::move(spec)); });
  return id;
}

void DockerRuntime::StopContainer(ContainerId container, std::chrono::milliseconds grace) {
  engine_.Post([this, container, grace] { worker_->Stop(container, grace); });
}

Result<ExecId> DockerRuntime::Exec(ContainerId container, ExecSpec spec) {
  if (spec.argv.empty()) return Error{"there is no command"};
  const ExecId id{next_id_++};
  engine_.Post(
      [this, id, container, spec = std::move(spec)]() mutable { worker_->Exec(id, container, std::move(spec)); });
  return id;
}

void DockerRuntime::RemovePodSandbox(SandboxId sandbox) {
  engine_.Post([this, sandbox] { worker_->RemovePod(sandbox); });
}

}  // namespace reprieve::runtime::docker
