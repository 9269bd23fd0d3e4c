// What starts and ends containers: a few calls, in plain words of its own. supervisor.h runs them as processes over
// this machine's own files, docker/docker_runtime.h in images, by a container engine.
//
// Source: the Container Runtime Interface, cut to what a Job needs; spec/runtime.md, spec/job.md 4.2.
// Thread rules: every call may come from any thread and returns at once; the events come on one thread of the runtime.
// Errors: what is wrong with a request is an Error; what goes wrong later is the container's exit (kStartError).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace reprieve::runtime {

// All are unique for the life of the runtime and never used again.
enum class SandboxId : std::uint64_t {};
enum class ContainerId : std::uint64_t {};
enum class ExecId : std::uint64_t {};

class PodNetwork;

struct ResourceLimits {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> cpu_milli;
  std::optional<std::int64_t> pids;

  bool any() const { return memory_bytes || cpu_milli || pids; }
};

struct HostsEntry {
  std::string address;
  std::vector<std::string> names;
};

// The processes that a container sees, and may send signals to, besides its own.
enum class ProcessView : std::uint8_t { kOwn, kPod, kMachine };

struct PodSandboxSpec {
  std::string namespace_ = {};
  std::string name = {};
  std::string uid = {};
  // Empty: this machine's own.
  std::string hostname = {};
  ResourceLimits limits = {};
  // Shown in the pod's /etc/hosts after the usual lines for localhost.
  std::vector<HostsEntry> hosts = {};
  // Shown as /etc/hosts instead, if set. Pods may share it; lines appended in place are seen at once (never rename it).
  std::optional<std::string> hosts_path = {};
  // Its own on the network below, in a network namespace of its own; empty: it shares this machine's network.
  std::string address = {};
  // What connects it. Outlives the runtime. Null pointer if it has images.
  PodNetwork* network = nullptr;
  // The name of the container engine's network that it is on if it has images (docker/engine_network.h).
  std::string engine_network = {};
  ProcessView processes = ProcessView::kOwn;
  // It shares this machine's System V IPC and POSIX message queues.
  bool host_ipc = false;
  // Its containers run in images: all of them have ContainerSpec::image, or none has.
  bool images = false;
  // Kernel parameters of its namespaces, such as net.core.somaxconn. REQUIRES: images.
  std::vector<std::pair<std::string, std::string>> sysctls = {};
};

struct Mount {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
};

// What a process may do beyond what its user may.
struct Privileges {
  // Linux capabilities that it may have or get, a bit each (1 << CAP_CHOWN); absent: those that we have.
  std::optional<std::uint64_t> capabilities = {};
  // Executing a program never gives it more, whatever the file's owner and mode.
  bool no_new = false;
};

inline constexpr int kUsualStopSignal = 15;  // SIGTERM

// The image that a container runs in, and what only matters there. What it leaves open the image decides: environment,
// user, working directory and stop signal.
struct ImageUse {
  // As the engine knows it: a reference, or an id ("sha256:..."). It is there already: nothing is pulled.
  std::string name = {};
  // Instead of the image's entrypoint, whose arguments then don't count either; empty: the image's.
  std::vector<std::string> command = {};
  // Instead of the entrypoint's own arguments.
  std::vector<std::string> args = {};
  // It must not run as root, whatever the image says.
  bool never_root = false;
  // All devices, all capabilities, no profiles.
  bool privileged = false;
  // That it may have or get, by name (CHOWN), instead of Privileges::capabilities; absent: the engine's usual ones.
  std::optional<std::vector<std::string>> capabilities = std::nullopt;
  // The path of a profile, or "unconfined"; empty: the engine's own.
  std::string seccomp = {};
  // The name of a profile, or "unconfined"; empty: the engine's own.
  std::string apparmor = {};
  // The NVIDIA GPUs that it is given, by their numbers on this machine.
  std::vector<int> gpus = {};
};

struct ContainerSpec {
  std::string name;
  int attempt = 0;
  // Empty if it has an image.
  std::vector<std::string> argv;
  // KEY=VALUE; all of the environment, nothing is added, but for what an image brings.
  std::vector<std::string> environment;
  // Empty: "/". One that does not exist is made, in its volume or in a directory of the container's own. REQUIRES for
  // the latter: has_own_mounts().
  std::string working_directory;
  std::vector<Mount> mounts;
  ResourceLimits limits;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  // Besides `gid`. With neither, nor `uid`, it has ours.
  std::vector<std::uint32_t> groups;
  Privileges privileges;
  // All of the machine's files are read-only but for what is mounted for the container. REQUIRES: has_own_mounts().
  bool read_only_root = false;
  // Where its output goes, in the CRI log format; directories are made. Empty: nowhere. No output, no file.
  std::string log_path;
  // Empty: none.
  std::string termination_message_path;
  // The last lines of its output are its message if it fails without any.
  bool message_from_output = false;
  // What StopContainer sends first; absent: SIGTERM, or what its image says.
  std::optional<int> stop_signal = std::nullopt;
  // Absent: it runs this machine's programs. REQUIRES: as its sandbox says.
  std::optional<ImageUse> image = std::nullopt;
};

// A process beside a container's own, for a probe or a hook.
struct ExecSpec {
  std::vector<std::string> argv = {};
  // The rest as the container's own has it.
  std::vector<std::string> environment = {};
  std::string working_directory = {};
  std::optional<std::uint32_t> uid = {};
  std::optional<std::uint32_t> gid = {};
  std::vector<std::uint32_t> groups = {};
  Privileges privileges = {};
  // From its start; then it is killed.
  std::chrono::milliseconds timeout{1000};
};

enum class ExitReason : std::uint8_t { kCompleted, kError, kOomKilled, kStartError };

// Completed, Error, OOMKilled, StartError: as the kubelet reports them.
std::string_view ExitReasonName(ExitReason reason);

struct ContainerStarted {
  ContainerId container;
  SandboxId sandbox;
  Time started_at;
};

struct ContainerExit {
  ContainerId container{};
  SandboxId sandbox{};
  // 128+n for a signal, 128 for what could not be started.
  int exit_code = 0;
  ExitReason reason = ExitReason::kCompleted;
  // The termination message, at most 4096 bytes, or why it could not be started.
  std::string message = {};
  Time started_at{};
  Time finished_at{};
  // Its engine ended it, or lost it, while it was restarted itself: the program has not exited of its own accord.
  bool engine_lost = false;
};

// A container that could not be made. It was never one: there is no exit, and another may be started in its place.
struct ContainerRefused {
  ContainerId container{};
  SandboxId sandbox{};
  // What it waits with, in the kubelet's words: CreateContainerConfigError, CreateContainerError.
  std::string reason = {};
  std::string message = {};
};

enum class ExecOutcome : std::uint8_t { kExited, kTimedOut, kNotStarted };

struct ExecEnd {
  ExecId exec{};
  ExecOutcome outcome = ExecOutcome::kExited;
  // As of a container's exit.
  int exit_code = 0;
  // Why it did not start.
  std::string message = {};
};

enum class Stream : std::uint8_t { kStdout, kStderr };

// Called on the runtime's thread, one at a time. They may call the runtime, and must not block.
struct RuntimeEvents {
  // Every StartContainer that returned an id ends in exactly one exit, or is refused.
  std::function<void(ContainerExit)> exited;
  // Only containers in images are.
  std::function<void(ContainerRefused)> refused;
  // Before the exit, and only for a container whose process came to be. May be empty, as those below.
  std::function<void(const ContainerStarted&)> started;
  // Every Exec that returned an id ends in exactly one of these.
  std::function<void(ExecEnd)> exec_ended;
  // Each line of output as it comes, without its newline; a long one in pieces. For `--logs`.
  std::function<void(ContainerId, Stream, std::string_view)> line;
  // What a person should know and no container can say: lines of a log lost to a full disk.
  std::function<void(const std::string&)> notice;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  // Whether a container can be shown a file elsewhere than where it is. One in an image always can.
  virtual bool has_own_mounts() const = 0;

  virtual Result<SandboxId> RunPodSandbox(PodSandboxSpec spec) = 0;

  virtual Result<ContainerId> StartContainer(SandboxId sandbox, ContainerSpec spec) = 0;

  // Its stop signal now and SIGKILL after `grace`; a grace of zero kills at once. Again with less grace: the shorter
  // one holds. A container that has ended already, or never was, is no error.
  virtual void StopContainer(ContainerId container, std::chrono::milliseconds grace) = 0;

  // Runs a process where the container's own are: in its namespaces and its cgroup. Its output goes nowhere. It ends
  // with the container at the latest. REQUIRES: the container has been reported as started.
  virtual Result<ExecId> Exec(ContainerId container, ExecSpec spec) = 0;

  // Kills what still runs in it, then removes what was made for it.
  virtual void RemovePodSandbox(SandboxId sandbox) = 0;
};

}  // namespace reprieve::runtime
