// From a container's description to its running process: the files, the cgroup, the pipes, the mounts, the launch.
//
// Thread rules: StartContainerIn and StartBeside run on any launcher thread, several at once; a Container has one owner
// at a time. Errors: whatever keeps a container from starting is kept in it (`start_error`); it is delivered as its
// exit.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runtime/capabilities.h"
#include "runtime/cgroup.h"
#include "runtime/cri_log.h"
#include "runtime/fd.h"
#include "runtime/launch.h"
#include "runtime/runtime.h"

namespace reprieve::runtime {

// What all launches of an engine share; nothing of it changes after the start.
struct RuntimeContext {
  RuntimeContext(Capabilities able, Cgroups groups) : capabilities(std::move(able)), cgroups(std::move(groups)) {}
  Capabilities capabilities;
  Cgroups cgroups;
  // A directory of this engine's own, and an empty one in it.
  std::string directory;
  std::string staging;
  Fd null;
  Fd init;
  Fd report_read;
  Fd report_write;
  CriLogLimits log;
  RuntimeEvents events;

  static Result<std::unique_ptr<RuntimeContext>> Open(const std::string& state_directory, const ProbeOptions& probe);
  // Removes the directory.
  ~RuntimeContext();
};

struct Sandbox {
  SandboxId id{};
  PodSandboxSpec spec;
  // Containers that were accepted and have not been reported as ended.
  std::atomic<int> containers = 0;
  std::atomic<bool> removing = false;

  // Made by the first container that starts; guarded by `made`.
  std::once_flag made;
  std::string hosts_path;
  bool owns_hosts = false;
  Fd network;
  Cgroup cgroup;
  std::string cgroup_name;
  std::string error;
};

struct Container {
  ContainerId id{};
  std::shared_ptr<Sandbox> sandbox;
  std::string name;
  std::string program;
  std::string working_directory;
  std::string termination_file;
  Cgroup cgroup;
  // Set if the limit is ours to watch, for want of a cgroup.
  std::optional<std::int64_t> watched_memory_bytes;
  std::unique_ptr<CriLog> log;
  std::array<Fd, 2> output;
  pid_t pid = -1;
  Fd pidfd;
  Time started_at{};
  std::string start_error;
  // Set for a process that runs beside that container's own.
  std::optional<ContainerId> beside;
  std::chrono::milliseconds timeout{};
};

// The running container that a process is to join.
struct Company {
  ContainerId container{};
  std::shared_ptr<Sandbox> sandbox;
  Fd pidfd;
  std::vector<Fd> cgroup_doors;
};

// Never null; a container that could not be started has a `start_error` and no process.
std::unique_ptr<Container> StartContainerIn(const RuntimeContext& context, ContainerId id,
                                            std::shared_ptr<Sandbox> sandbox, const ContainerSpec& spec,
                                            const ChildStack& stack);

// The same for a process beside a container's own; it is kept as a Container too.
std::unique_ptr<Container> StartBeside(const RuntimeContext& context, ContainerId id, const Company& company,
                                       const ExecSpec& spec, const ChildStack& stack);

// Removes what was made for the pod. False: something of it is still going; ask again.
bool RemoveSandboxFiles(Sandbox& sandbox);

// The first 4096 bytes of the container's termination message file, which is removed.
std::string TakeTerminationMessage(const Container& container);

Time Now();

}  // namespace reprieve::runtime
