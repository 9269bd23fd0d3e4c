#include "runtime/capabilities.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "runtime/file_limit.h"
#include "runtime/init_image.h"

namespace reprieve::runtime {
namespace {

constexpr int kAllNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID;

// From the most to the least; the first that works is used.
constexpr std::array kLadder = {
    kAllNamespaces,
    kAllNamespaces | CLONE_NEWUSER,
    // Inside a container whose /proc is masked a new one may not be mounted, and a PID namespace needs it.
    kAllNamespaces & ~CLONE_NEWPID,
    (kAllNamespaces & ~CLONE_NEWPID) | CLONE_NEWUSER,
    0,
};

// Descriptors above those that the child replaces.
struct ProbeFiles {
  Fd null;
  Fd init;
};

std::optional<LaunchFailure> Try(int namespaces, const ProbeFiles& files) {
  LaunchSpec spec;
  spec.namespaces = namespaces;
  if ((namespaces & CLONE_NEWUSER) != 0) spec.uid_map = SelfMap(geteuid()), spec.gid_map = SelfMap(getegid());
  spec.steps = BasicSteps(namespaces);
  spec.hostname = "reprieve-probe";
  spec.stdin_fd = spec.stdout_fd = spec.stderr_fd = spec.report_fd = files.null.get();
  spec.init_fd = files.init.get();
  spec.file_limit = RaiseFileLimit();
  spec.argv = {"reprieve-init"};
  Launched launched;
  if (auto failure = Launch(spec, ChildStack(), launched)) return failure;
  siginfo_t info{};
  waitid(P_PIDFD, static_cast<id_t>(launched.pidfd.get()), &info, WEXITED);
  if (info.si_code == CLD_EXITED && info.si_status == 0) return std::nullopt;
  return LaunchFailure{"run a first process", ENOEXEC};
}

Result<Capabilities> Probe(const ProbeOptions& options) {
  auto init = OpenInitImage();
  if (!init) return init.error();
  ProbeFiles files;
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  files.null = Fd(fcntl(null.get(), F_DUPFD_CLOEXEC, 16));
  files.init = Fd(fcntl(init->get(), F_DUPFD_CLOEXEC, 16));
  std::string missing;
  for (const int namespaces : kLadder) {
    if (options.plain_processes && namespaces != 0) continue;
    const auto failure = Try(namespaces, files);
    if (!failure) return Capabilities{.namespaces = namespaces, .missing = std::move(missing)};
    if (namespaces != kAllNamespaces) missing = Cat("cannot ", failure->what, ": ", strerrordesc_np(failure->error));
  }
  return Error{Cat("this machine cannot start the first process of a container (", missing, ")")};
}

}  // namespace

bool Capabilities::user_namespace() const {
  return (namespaces & CLONE_NEWUSER) != 0;
}
bool Capabilities::own_pids() const {
  return (namespaces & CLONE_NEWPID) != 0;
}
bool Capabilities::own_mounts() const {
  return (namespaces & CLONE_NEWNS) != 0;
}
bool Capabilities::own_hostname() const {
  return (namespaces & CLONE_NEWUTS) != 0;
}

std::string Capabilities::Describe() const {
  if (namespaces == 0) {
    return Cat("containers are plain processes: they share this machine's files, processes and host name",
               missing.empty() ? "" : Cat(" (", missing, ")"));
  }
  return Cat("each container has its own ", own_pids() ? "mounts, processes and host name" : "mounts and host name",
             user_namespace() ? ", as an ordinary user" : "", own_pids() ? "" : Cat(" (", missing, ")"));
}

CapabilityProbe::CapabilityProbe(ProbeOptions options) {
  if (options.known) {
    found_ = std::move(*options.known);
    return;
  }
  // In a thread of its own also because a probe blocks all signals, and ours are not its to change.
  thread_ = std::thread([this, options = std::move(options)] {
    BlockAllSignals();
    found_ = Probe(options);
  });
}

CapabilityProbe::~CapabilityProbe() {
  Found();
}

const Result<Capabilities>& CapabilityProbe::Found() {
  if (thread_.joinable()) thread_.join();
  return found_;
}

Result<Capabilities> ProbeCapabilities(const ProbeOptions& options) {
  return CapabilityProbe(options).Found();
}

std::vector<SetupStep> BasicSteps(int namespaces) {
  std::vector<SetupStep> steps;
  if ((namespaces & CLONE_NEWNS) == 0) return steps;
  steps.push_back({.kind = StepKind::kMount, .source = "none", .target = "/", .flags = MS_REC | MS_PRIVATE});
  if ((namespaces & CLONE_NEWPID) == 0) return steps;
  steps.push_back({.kind = StepKind::kMount,
                   .source = "proc",
                   .target = "/proc",
                   .type = "proc",
                   .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC});
  return steps;
}

std::string SelfMap(unsigned id) {
  return Cat(id, " ", id, " 1");
}

}  // namespace reprieve::runtime
