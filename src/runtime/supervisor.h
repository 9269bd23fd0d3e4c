// The runtime that runs containers as processes over this machine's own files, each in a sandbox as good as the machine
// and the user allow (capabilities.h). It starts them, keeps their output, ends them in time and leaves nothing behind.
//
// Launcher threads start processes (a start blocks its thread until the exec); one supervising thread waits, in one
// epoll, for output, exits, commands and deadlines. Launchers hand over by message; the lock guards a few queues only.
//
//   StartContainer -> launch queue -> launcher: files, cgroup, clone -> inbox -> supervising thread -> RuntimeEvents
//
// Log files are written on a thread of their own (log_writer.h): no disk holds up a kill. A start that fails because we
// or the machine lack descriptors, processes, memory or space is tried again until it succeeds or its pod is removed:
// that is never a failure of the program. All waits at the end are bounded; what cannot be ended is told.
// If the engine dies, by whatever means, its containers die with it.
// Source: spec/runtime.md. Thread rules: as runtime.h. REQUIRES: the process neither ignores
// SIGCHLD nor waits for any child (wait(-1)): the containers' ends would be lost.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/capabilities.h"
#include "runtime/cgroup.h"
#include "runtime/log_writer.h"
#include "runtime/runtime.h"

namespace reprieve::runtime {

struct SupervisorOptions {
  // Where it keeps a pod's files for as long as the pod is there; made if missing. Best on a tmpfs.
  std::string state_directory = {};
  ProbeOptions probe = {};
  // Threads that start processes. One fills 2 cores; a second keeps a start on a slow disk from holding up the others.
  int launchers = 2;
  LogWriterOptions log = {};
  // How long a killed process, or a cgroup, may take to go before it is given up. Some seconds more than a
  // reprieve-init without a PID namespace takes to end what it has started (init.c).
  std::chrono::milliseconds kill_patience{15000};
};

class Supervisor final : public Runtime {
 public:
  // Probes the machine and sweeps what an engine that died has left.
  static Result<std::unique_ptr<Supervisor>> Start(SupervisorOptions options, RuntimeEvents events);

  // As End, should that not have been called.
  ~Supervisor() override;

  // Kills every container, whose exits are still delivered, removes all that was made for them, and says what could not
  // be ended or removed: nothing, unless the kernel keeps a process. Once; nothing else may be called afterwards.
  std::vector<std::string> End();

  // What containers get here and why not more, for people: to be printed once.
  std::string Describe() const;
  const Capabilities& capabilities() const;

  bool has_own_mounts() const override;
  Result<SandboxId> RunPodSandbox(PodSandboxSpec spec) override;
  Result<ContainerId> StartContainer(SandboxId sandbox, ContainerSpec spec) override;
  void StopContainer(ContainerId container, std::chrono::milliseconds grace) override;
  Result<ExecId> Exec(ContainerId container, ExecSpec spec) override;
  void RemovePodSandbox(SandboxId sandbox) override;

 private:
  class Supervision;
  explicit Supervisor(std::unique_ptr<Supervision> supervision);

  std::unique_ptr<Supervision> supervision_;
};

}  // namespace reprieve::runtime
