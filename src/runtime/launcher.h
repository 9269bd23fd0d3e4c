// From a container's description to its running process: the files, the cgroup, the pipes, the mounts, the launch.
//
// Thread rules: StartContainerIn and StartExec run on any launcher thread, several at once; a Container has one owner
// at a time. Errors: whatever keeps a container from starting is kept in it (`start_error`). If it is for want of
// resources of ours it says nothing about the program: the start is tried again. Else it is delivered as the
// container's exit.
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
#include "runtime/engine_folder.h"
#include "runtime/fd.h"
#include "runtime/last_lines.h"
#include "runtime/launch.h"
#include "runtime/runtime.h"
#include "runtime/staging.h"

namespace reprieve::runtime {

// What all launches of an engine share; nothing of it changes after the start but for what `staging` remembers.
struct RuntimeContext {
  RuntimeContext(Capabilities able, Cgroups groups) : capabilities(std::move(able)), cgroups(std::move(groups)) {}
  Capabilities capabilities;
  Cgroups cgroups;
  // A directory of this engine's own, and an empty one in it.
  EngineFolder folder;
  std::unique_ptr<const Staging> staging;
  Fd null;
  Fd init;
  Fd report_read;
  Fd report_write;
  RuntimeEvents events;

  static Result<std::unique_ptr<RuntimeContext>> Open(const std::string& state_directory, const ProbeOptions& probe);
  const std::string& directory() const { return folder.path(); }
};

struct Sandbox {
  SandboxId id{};
  PodSandboxSpec spec;
  // Containers that were accepted and have not been reported as ended.
  std::atomic<int> containers = 0;
  std::atomic<bool> removing = false;

  // Made by the first container that starts, or, if that fails, by the next; guarded by `making`.
  std::mutex making;
  bool made = false;
  std::string hosts_path;
  bool owns_hosts = false;
  Fd network;
  Cgroup cgroup;
  std::string cgroup_name;
  // The first process of the PID namespace that its containers share.
  pid_t pause_pid = -1;
  Fd pause;
};

// A container that is to be started.
struct LaunchOrder {
  ContainerId id{};
  std::shared_ptr<Sandbox> sandbox;
  ContainerSpec spec;
  // Failed attempts so far.
  int tries = 0;
  // Its process came to be in an earlier try: people have been told.
  bool told_started = false;
};

struct Container {
  ContainerId id{};
  std::shared_ptr<Sandbox> sandbox;
  std::string name;
  std::string program;
  std::string working_directory;
  std::string termination_file;
  // In place of a working directory that the machine lacks.
  std::string own_directory;
  // It is the first process of its PID namespace: its end is that of all others there.
  bool owns_pids = false;
  Cgroup cgroup;
  // Set if the limit is ours to watch, for want of a cgroup.
  std::optional<std::int64_t> watched_memory_bytes;
  std::unique_ptr<CriLog> log;
  std::unique_ptr<LastLines> last_lines;
  std::string log_path;
  std::array<Fd, 2> output;
  pid_t pid = -1;
  Fd pidfd;
  Time started_at{};
  std::string start_error;
  // `start_error` is for want of resources of ours, or of the machine's.
  bool lacks_resources = false;
  // What it was started by; null pointer for an exec.
  std::shared_ptr<LaunchOrder> order;
  // Set for a process that was started by an exec in that container.
  std::optional<ContainerId> exec_in;
  std::chrono::milliseconds timeout{};
};

// The running container in which a process is to be started.
struct ExecTarget {
  ContainerId container{};
  std::shared_ptr<Sandbox> sandbox;
  Fd pidfd;
  std::vector<Fd> cgroup_fds;
};

// Never null; a container that could not be started has a `start_error` and no process.
std::unique_ptr<Container> StartContainerIn(const RuntimeContext& context, std::shared_ptr<LaunchOrder> order,
                                            const ChildStack& stack);

// The same for an exec in a container; the process is kept as a Container too.
std::unique_ptr<Container> StartExec(const RuntimeContext& context, ContainerId id, const ExecTarget& target,
                                     const ExecSpec& spec, const ChildStack& stack);

// An errno that says what we or the machine lack for now: descriptors, processes, memory, space.
bool IsLackOfResources(int error);

// Removes what was made for the pod. False: something of it is still going; ask again.
bool RemoveSandboxFiles(Sandbox& sandbox);

// The first 4096 bytes of the container's termination message file, which is removed, as is its own working directory.
std::string TakeTerminationMessage(const Container& container);

Time Now();

}  // namespace reprieve::runtime
