#include "runtime/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.h"
#include "runtime/init_image.h"

// The child shares our memory and our thread's storage: sanitizers must not instrument it.
#define REPRIEVE_IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer treats clone(2) as a fork, which this is not: call it by a name that it does not intercept.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define clone __clone
#endif

namespace reprieve::runtime {
namespace {

enum class Stage : std::uint8_t {
  kNone,
  kUserMap,
  kCgroup,
  kJoin,
  kCopy,
  kNetwork,
  kStep,
  kHostname,
  kDescriptors,
  kExec
};

// What parent and child share. Pointers, so that the child touches no C++ object of ours.
struct Shared {
  struct Step {
    StepKind kind;
    const char* source;
    const char* target;
    const char* type;
    unsigned long flags;
    const char* data;
    unsigned long tree;
  };
  int namespaces;
  const char* uid_map;
  const char* gid_map;
  unsigned long uid_map_size;
  unsigned long gid_map_size;
  const Step* steps;
  unsigned long step_count;
  const char* hostname;
  unsigned long hostname_size;
  const LaunchSpec::Join* joins;
  unsigned long join_count;
  int copied_namespaces;
  int network_fd;
  const int* cgroup_fds;
  unsigned long cgroup_count;
  int stdio[3];
  int report_fd;
  int init_fd;
  const rlimit* file_limit;
  char* const* argv;
  char* const* environment;
  // Written by the child.
  int* trees;
  Stage failed_stage;
  unsigned long failed_index;
  int error;
};

REPRIEVE_IN_CHILD bool WriteText(const char* path, const char* text, unsigned long size) {
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const long written = syscall(SYS_write, fd, text, size);
  const int error = errno;
  syscall(SYS_close, fd);
  errno = error;
  return written == static_cast<long>(size);
}

REPRIEVE_IN_CHILD bool MapUser(const Shared& shared) {
  WriteText("/proc/self/setgroups", "deny", 4);  // not there before Linux 3.19
  return WriteText("/proc/self/uid_map", shared.uid_map, shared.uid_map_size) &&
         WriteText("/proc/self/gid_map", shared.gid_map, shared.gid_map_size);
}

REPRIEVE_IN_CHILD bool MakeReadOnly(const char* target) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attributes, sizeof attributes) == 0) return true;
  // Without that call (before Linux 5.12) only the mount itself could be, and of the root that is not enough.
  if (errno != ENOSYS || target[1] == '\0') return false;
  return syscall(SYS_mount, nullptr, target, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
}

REPRIEVE_IN_CHILD bool EnterRoot(const char* target) {
  // The old root is put under the new one's own directory and then left (pivot_root(2), NOTES).
  return syscall(SYS_chdir, target) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
         syscall(SYS_umount2, ".", MNT_DETACH) == 0 && syscall(SYS_chdir, "/") == 0;
}

REPRIEVE_IN_CHILD bool Perform(const Shared& shared, const Shared::Step& step) {
  switch (step.kind) {
    case StepKind::kMount:
      return syscall(SYS_mount, step.source, step.target, step.type, step.flags, step.data) == 0;
    case StepKind::kTakeTree:
      shared.trees[step.tree] = static_cast<int>(
          syscall(SYS_open_tree, AT_FDCWD, step.source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
      return shared.trees[step.tree] >= 0;
    case StepKind::kPlaceTree:
      return syscall(SYS_move_mount, shared.trees[step.tree], "", AT_FDCWD, step.target, MOVE_MOUNT_F_EMPTY_PATH) == 0;
    case StepKind::kReadOnly:
      return MakeReadOnly(step.target);
    case StepKind::kMakeDirectory:
      return syscall(SYS_mkdirat, AT_FDCWD, step.target, 0755) == 0 || errno == EEXIST;
    case StepKind::kMakeFile:
      return syscall(SYS_mknodat, AT_FDCWD, step.target, S_IFREG | 0644, 0) == 0 || errno == EEXIST;
    case StepKind::kMakeLink:
      return syscall(SYS_symlinkat, step.source, AT_FDCWD, step.target) == 0 || errno == EEXIST;
    case StepKind::kEnterRoot:
      return EnterRoot(step.target);
  }
  return false;
}

REPRIEVE_IN_CHILD bool SetDescriptors(const Shared& shared) {
  for (int i = 0; i < 3; ++i) {
    if (syscall(SYS_dup3, shared.stdio[i], i, 0) < 0) return false;
  }
  if (syscall(SYS_dup3, shared.report_fd, kReportFd, 0) < 0) return false;
  // All of ours are closed on exec; this is for those that a library has opened without that flag.
  syscall(SYS_close_range, kReportFd + 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
  return true;
}

REPRIEVE_IN_CHILD Stage SetUpAndExec(Shared& shared) {
  syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  syscall(SYS_setsid);
  for (shared.failed_index = 0; shared.failed_index < shared.cgroup_count; ++shared.failed_index) {
    if (syscall(SYS_write, shared.cgroup_fds[shared.failed_index], "0", 1) != 1) return Stage::kCgroup;
  }
  for (unsigned long i = 0; i < shared.join_count; ++i) {
    if (syscall(SYS_setns, shared.joins[i].pidfd, shared.joins[i].namespaces) != 0) return Stage::kJoin;
  }
  if (shared.copied_namespaces != 0 && syscall(SYS_unshare, shared.copied_namespaces) != 0) return Stage::kCopy;
  if (shared.network_fd >= 0 && syscall(SYS_setns, shared.network_fd, CLONE_NEWNET) != 0) return Stage::kNetwork;
  if ((shared.namespaces & CLONE_NEWUSER) != 0 && !MapUser(shared)) return Stage::kUserMap;
  for (shared.failed_index = 0; shared.failed_index < shared.step_count; ++shared.failed_index) {
    if (!Perform(shared, shared.steps[shared.failed_index])) return Stage::kStep;
  }
  if ((shared.namespaces & CLONE_NEWUTS) != 0 && syscall(SYS_sethostname, shared.hostname, shared.hostname_size) != 0) {
    return Stage::kHostname;
  }
  if (!SetDescriptors(shared)) return Stage::kDescriptors;
  syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, shared.file_limit, nullptr);
  syscall(SYS_execveat, shared.init_fd, "", shared.argv, shared.environment, AT_EMPTY_PATH);
  return Stage::kExec;
}

REPRIEVE_IN_CHILD int ChildMain(void* argument) {
  auto& shared = *static_cast<Shared*>(argument);
  shared.failed_stage = SetUpAndExec(shared);
  shared.error = errno;
  syscall(SYS_exit, 127);
  return 127;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string Describe(const SetupStep& step) {
  switch (step.kind) {
    case StepKind::kMount:
    case StepKind::kPlaceTree:
      return Cat("mount ", step.target);
    case StepKind::kTakeTree:
      return Cat("open ", step.source);
    case StepKind::kReadOnly:
      return Cat("make ", step.target, " read-only");
    case StepKind::kMakeDirectory:
    case StepKind::kMakeFile:
    case StepKind::kMakeLink:
      return Cat("make ", step.target);
    case StepKind::kEnterRoot:
      return "change the root directory";
  }
  return {};
}

std::string Describe(const LaunchSpec& spec, const Shared& shared) {
  switch (shared.failed_stage) {
    case Stage::kNone:
      return "start a process";
    case Stage::kUserMap:
      return "map the user";
    case Stage::kCgroup:
      return "join the cgroup";
    case Stage::kJoin:
      return "enter the namespaces of its pod or container";
    case Stage::kCopy:
      return "have mounts of its own";
    case Stage::kNetwork:
      return "enter the pod's network";
    case Stage::kStep:
      return Describe(spec.steps[shared.failed_index]);
    case Stage::kHostname:
      return Cat("set the host name ", spec.hostname);
    case Stage::kDescriptors:
      return "set up its input and output";
    case Stage::kExec:
      return "execute the container's first process";
  }
  return {};
}

}  // namespace

std::optional<LaunchFailure> Launch(const LaunchSpec& spec, const ChildStack& stack, Launched& launched) {
  const std::vector<char*> argv = Pointers(spec.argv);
  const std::vector<char*> environment = Pointers(spec.environment);
  std::vector<Shared::Step> steps;
  steps.reserve(spec.steps.size());
  for (const SetupStep& step : spec.steps) {
    steps.push_back({step.kind, step.source.c_str(), step.target.c_str(), step.type, step.flags,
                     step.data.empty() ? nullptr : step.data.c_str(), step.tree});
  }
  std::vector<int> trees(steps.size(), -1);
  Shared shared{.namespaces = spec.namespaces,
                .uid_map = spec.uid_map.data(),
                .gid_map = spec.gid_map.data(),
                .uid_map_size = spec.uid_map.size(),
                .gid_map_size = spec.gid_map.size(),
                .steps = steps.data(),
                .step_count = steps.size(),
                .hostname = spec.hostname.data(),
                .hostname_size = spec.hostname.size(),
                .joins = spec.joins.data(),
                .join_count = spec.joins.size(),
                .copied_namespaces = spec.copied_namespaces,
                .network_fd = spec.network_fd,
                .cgroup_fds = spec.cgroup_fds.data(),
                .cgroup_count = spec.cgroup_fds.size(),
                .stdio = {spec.stdin_fd, spec.stdout_fd, spec.stderr_fd},
                .report_fd = spec.report_fd,
                .init_fd = spec.init_fd,
                .file_limit = &spec.file_limit,
                .argv = argv.data(),
                .environment = environment.data(),
                .trees = trees.data(),
                .failed_stage = Stage::kNone,
                .failed_index = 0,
                .error = 0};
  int pidfd = -1;
  const pid_t pid =
      clone(ChildMain, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | spec.namespaces, &shared, &pidfd);
  if (pid < 0) return LaunchFailure{"start a process", errno};
  launched = {pid, Fd(pidfd)};
  if (shared.failed_stage == Stage::kNone) return std::nullopt;
  waitpid(pid, nullptr, 0);
  launched = {};
  return LaunchFailure{Describe(spec, shared), shared.error};
}

void BlockAllSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace reprieve::runtime
