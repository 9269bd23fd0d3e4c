// The runtime that runs containers in their images, by a container engine: Docker or Podman. For each pod a sandbox
// container of our own holds the network, IPC and UTS namespaces (and, if it is to be shared, the PID namespace);
// the pod's containers join it.
//
// One thread, the engine client's loop. Every container has two streams open to the engine, its output and its end;
// nothing is polled. If the engine goes away its containers are looked for again until it is back (worker_lost.cc).
// What is made carries the label reprieve.dev/run, by which it is found and removed should we be killed (sweep.h).
// Source: docs/IMAGES.md; Docker Engine API 1.41. Thread rules: as runtime.h.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/docker/engine_client.h"
#include "runtime/log_writer.h"
#include "runtime/runtime.h"

namespace reprieve::runtime::docker {

struct DockerRuntimeOptions {
  // Where it keeps the files that containers are shown, as long as they are there; made if missing. The engine must see
  // it too, and may execute what is in it.
  std::string state_directory = {};
  LogWriterOptions log = {};
  // Whether containers may ask for GPUs.
  bool gpus = false;
  // How long a killed container may take to end before it is given up.
  std::chrono::milliseconds kill_patience{15000};
  // How long output may come in after the end.
  std::chrono::milliseconds output_patience{10000};
};

class Worker;

class DockerRuntime final : public Runtime {
 public:
  // Its ids begin here, those of other runtimes stay below.
  static constexpr std::uint64_t kFirstId = std::uint64_t{1} << 62;

  // Loads the sandboxes' image, if it is not there, and removes what killed runs have left. `engine` outlives this.
  static Result<std::unique_ptr<DockerRuntime>> Start(EngineClient& engine, DockerRuntimeOptions options,
                                                      RuntimeEvents events);
  // As End.
  ~DockerRuntime() override;

  // Kills every container, whose exits are still delivered, removes all that was made for them, and says what could not
  // be. Once; nothing else may be called afterwards.
  std::vector<std::string> End();

  bool has_own_mounts() const override { return true; }
  Result<SandboxId> RunPodSandbox(PodSandboxSpec spec) override;
  Result<ContainerId> StartContainer(SandboxId sandbox, ContainerSpec spec) override;
  void StopContainer(ContainerId container, std::chrono::milliseconds grace) override;
  Result<ExecId> Exec(ContainerId container, ExecSpec spec) override;
  void RemovePodSandbox(SandboxId sandbox) override;

 private:
  explicit DockerRuntime(EngineClient& engine);

  EngineClient& engine_;
  std::string state_directory_;
  std::atomic<std::uint64_t> next_id_{kFirstId};
  std::unique_ptr<Worker> worker_;  // of the loop
};

}  // namespace reprieve::runtime::docker
