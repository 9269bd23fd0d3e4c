// Starts one process as a container's first: a vfork-style child that shares our memory until it executes
// reprieve-init, so that a start costs the same whatever the size of the engine (a fork of 2 GiB costs 60 ms).
//
// What the child has to do is prepared as data (SetupStep) and only executed there, by system calls alone.
// Source: spec/runtime.md 0, 8.  Thread rules: any thread; it blocks the caller until the exec (some 0.3 ms).
// The child dies with the thread that called this, so call it from a thread that lives as long as the engine.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/fd.h"

namespace reprieve::runtime {

enum class StepKind : std::uint8_t {
  kMount,          // source, target, type, flags, data as mount(2)
  kTakeTree,       // source, and what is mounted below it, is kept as `tree`, whatever hides it later
  kPlaceTree,      // `tree` is mounted at target
  kReadOnly,       // makes the mount at target, and those below it, read-only
  kMakeDirectory,  // target; one that exists is fine
  kMakeFile,       // target; one that exists is fine
  kMakeLink,       // a symbolic link at target that says source
  kEnterRoot,      // target becomes "/", the old root is left
};

struct SetupStep {
  StepKind kind = StepKind::kMount;
  std::string source = {};
  std::string target = {};
  const char* type = nullptr;
  unsigned long flags = 0;
  std::string data = {};
  std::size_t tree = 0;
};

struct LaunchSpec {
  // CLONE_NEW*; none: a plain process.
  int namespaces = 0;
  // With CLONE_NEWUSER: the one line of each map, such as "1000 1000 1".
  std::string uid_map;
  std::string gid_map;
  std::vector<SetupStep> steps;
  // Set if CLONE_NEWUTS is.
  std::string hostname;
  // The child enters these namespaces (CLONE_NEW*) of those processes, one after the other; it is in a PID namespace
  // only with its children.
  struct Join {
    int pidfd = -1;
    int namespaces = 0;
  };
  std::vector<Join> joins;
  // Then it takes copies of its own of these.
  int copied_namespaces = 0;
  // A network namespace that the child enters; -1: it stays in ours.
  int network_fd = -1;
  // The child writes itself into each of these cgroup.procs.
  std::vector<int> cgroup_fds;
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  int report_fd = -1;
  int init_fd = -1;
  // RLIMIT_NOFILE of the child.
  rlimit file_limit{};
  std::vector<std::string> argv;
  std::vector<std::string> environment;
};

struct Launched {
  pid_t pid = -1;
  Fd pidfd;
};

struct LaunchFailure {
  // Which part of the set-up: "clone", "mount /proc", "join the cgroup".
  std::string what;
  int error = 0;
};

// The memory the child runs on until its exec. One per launching thread.
class ChildStack {
 public:
  static constexpr std::size_t kBytes = 64 * 1024;
  ChildStack() : memory_(std::make_unique<std::byte[]>(kBytes)) {}
  std::byte* top() const { return memory_.get() + kBytes; }

 private:
  std::unique_ptr<std::byte[]> memory_;
};

// REQUIRES: all signals of the calling thread are blocked (the child must run none of our handlers);
// the given descriptors are above kReportFd.
std::optional<LaunchFailure> Launch(const LaunchSpec& spec, const ChildStack& stack, Launched& launched);

// Blocks every signal for the calling thread, for good.
void BlockAllSignals();

}  // namespace reprieve::runtime
