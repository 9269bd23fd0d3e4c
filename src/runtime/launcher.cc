#include "runtime/launcher.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "runtime/file_limit.h"
#include "runtime/hosts_file.h"
#include "runtime/init_image.h"
#include "runtime/mount_plan.h"
#include "runtime/no_links.h"
#include "runtime/pod_network.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTerminationMessageBytes = 4096;
// Descriptors given to a child lie above those that it replaces, even if the engine was started with 0, 1 or 2 closed.
constexpr int kFirstDescriptor = kReportFd + 1;

Fd Raised(Fd fd) {
  if (!fd.ok() || fd.get() >= kFirstDescriptor) return fd;
  return Fd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstDescriptor));
}

// A file of ours, empty or with that text, in place of what an earlier try has left.
int WriteFileAgain(const std::string& path, std::string_view text, mode_t mode) {
  const Fd fd = OpenWithoutLinks(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  if (!fd.ok() || fchmod(fd.get(), mode) != 0) return errno;
  return WriteAll(fd.get(), text);
}

// CLONE_NEW* that a container of that pod gets of its own, or with its pod.
int NamespacesOf(const Capabilities& can, const PodSandboxSpec& pod) {
  int out = can.namespaces;
  if (pod.hostname.empty()) out &= ~CLONE_NEWUTS;
  if (pod.host_ipc) out &= ~CLONE_NEWIPC;
  if (pod.processes == ProcessView::kMachine) out &= ~CLONE_NEWPID;
  return out;
}

bool SharesPids(const Capabilities& can, const PodSandboxSpec& pod) {
  return pod.processes == ProcessView::kPod && can.own_pids();
}

// The process that keeps the namespaces which the pod's containers share.
Status StartPause(const RuntimeContext& context, Sandbox& sandbox, const ChildStack& stack) {
  const Capabilities& can = context.capabilities;
  LaunchSpec launch;
  launch.namespaces = NamespacesOf(can, sandbox.spec);
  launch.hostname = sandbox.spec.hostname;
  launch.network_fd = sandbox.network.get();
  if (can.user_namespace()) {
    launch.uid_map = SelfMap(geteuid());
    launch.gid_map = SelfMap(getegid());
  }
  launch.steps = BasicSteps(launch.namespaces);
  launch.stdin_fd = launch.stdout_fd = launch.stderr_fd = context.null.get();
  launch.report_fd = context.report_write.get();
  launch.init_fd = context.init.get();
  launch.file_limit = RaiseFileLimit();
  launch.argv = {"reprieve-init", kInitPause};
  Launched launched;
  if (const auto failure = Launch(launch, stack, launched)) {
    return Error{Cat("cannot ", failure->what, " for the pod: ", FileErrorText(failure->error))};
  }
  sandbox.pause_pid = launched.pid;
  sandbox.pause = Raised(std::move(launched.pidfd));
  return Ok();
}

// Steps that have been taken are not taken again.
Status MakeSandbox(const RuntimeContext& context, Sandbox& sandbox, const ChildStack& stack) {
  const std::lock_guard lock(sandbox.making);
  if (sandbox.made) return Ok();
  const std::string name = Cat("p", static_cast<std::uint64_t>(sandbox.id));
  if (sandbox.spec.hosts_path) {
    sandbox.hosts_path = *sandbox.spec.hosts_path;
  } else if (context.capabilities.own_mounts()) {
    sandbox.hosts_path = Cat(context.directory(), "/", name, ".hosts");
    sandbox.owns_hosts = true;
    if (const int error = WriteFileAgain(sandbox.hosts_path, HostsFile(sandbox.spec), 0644)) {
      return Error{Cat("cannot write ", sandbox.hosts_path, ": ", FileErrorText(error))};
    }
  }
  if (sandbox.spec.network != nullptr && !sandbox.network.ok()) {
    auto network = sandbox.spec.network->Connect(sandbox.spec.address);
    if (!network) return network.error();
    sandbox.network = Raised(std::move(*network));
    if (!sandbox.network.ok()) return Error{Cat("cannot keep its network: ", strerrordesc_np(errno))};
  }
  if (sandbox.spec.limits.any()) {
    auto group = context.cgroups.CreateParent(name, sandbox.spec.limits);
    if (!group) return group.error();
    sandbox.cgroup = std::move(*group);
    sandbox.cgroup.CloseJoinFds();
    if (sandbox.cgroup.exists()) sandbox.cgroup_name = name;
  }
  if (SharesPids(context.capabilities, sandbox.spec) && !sandbox.pause.ok()) {
    if (auto paused = StartPause(context, sandbox, stack); !paused) return paused;
  }
  sandbox.made = true;
  return Ok();
}

std::string GroupList(const std::vector<std::uint32_t>& groups) {
  std::string out;
  for (const std::uint32_t group : groups) AppendTo(out, out.empty() ? "" : ",", group);
  return out.empty() ? "-" : out;
}

// The arguments of reprieve-init; `spec` is a ContainerSpec or an ExecSpec.
template <class Spec>
std::vector<std::string> InitArguments(const RuntimeContext& context, const Container& container, int mode,
                                       const Spec& spec) {
  const auto number = [](const std::optional<std::uint32_t>& id) { return id ? Cat(*id) : std::string("-1"); };
  // An ordinary user is himself already, and may not even ask.
  const bool change_user = geteuid() == 0 && !context.capabilities.user_namespace();
  std::vector<std::string> out = {"reprieve-init",
                                  Cat(static_cast<std::uint64_t>(container.id)),
                                  change_user ? number(spec.uid) : "-1",
                                  change_user ? number(spec.gid) : "-1",
                                  Cat(mode),
                                  spec.privileges.capabilities ? Cat(*spec.privileges.capabilities) : "-1",
                                  spec.privileges.no_new ? "1" : "0",
                                  change_user ? GroupList(spec.groups) : "-",
                                  container.working_directory};
  out.insert(out.end(), spec.argv.begin(), spec.argv.end());
  return out;
}

class Starter {
 public:
  Starter(const RuntimeContext& context, Container& container, const ContainerSpec& spec)
      : context_(context), container_(container), spec_(spec) {}

  Status Start(const ChildStack& stack) {
    if (container_.sandbox->removing) return Error{"its pod was removed before it started"};
    if (auto made = MakeSandbox(context_, *container_.sandbox, stack); !made) {
      // Nothing of it is the program's doing, as for a kubelet that cannot make a sandbox.
      container_.lacks_resources = true;
      return made;
    }
    for (const auto step :
         {&Starter::JoinCgroup, &Starter::OpenOutput, &Starter::PlanNamespaces, &Starter::PlanFiles}) {
      if (auto status = (this->*step)(); !status) return status;
    }
    PlanProcess();
    Launched launched;
    if (const auto failure = Launch(launch_, stack, launched)) return Cannot(failure->what, failure->error);
    container_.started_at = Now();
    container_.cgroup.CloseJoinFds();
    container_.pid = launched.pid;
    container_.pidfd = std::move(launched.pidfd);
    return Ok();
  }

 private:
  Error Cannot(std::string_view what, int error) {
    // In a cgroup with a limit the kernel charges us for it.
    const bool limited = error == ENOMEM && spec_.limits.memory_bytes;
    container_.lacks_resources |= IsLackOfResources(error) && !limited;
    return Error{Cat("cannot ", what, ": ", FileErrorText(error))};
  }

  Status JoinCgroup() {
    if (!context_.cgroups.memory()) {
      const auto& of_pod = container_.sandbox->spec.limits.memory_bytes;
      container_.watched_memory_bytes = spec_.limits.memory_bytes ? spec_.limits.memory_bytes : of_pod;
    }
    const std::string& parent = container_.sandbox->cgroup_name;
    if (!spec_.limits.any() && parent.empty()) return Ok();
    // What an earlier try has left may still be there.
    const int tries = container_.order->tries;
    const std::string name = Cat("c", static_cast<std::uint64_t>(container_.id), tries > 0 ? Cat("-", tries) : "");
    auto group = context_.cgroups.Create(name, spec_.limits, parent);
    if (!group) {
      container_.lacks_resources |= IsLackOfResources(errno);
      return group.error();
    }
    container_.cgroup = std::move(*group);
    launch_.cgroup_fds = container_.cgroup.join_fds();
    return Ok();
  }

  Status OpenOutput() {
    launch_.stdin_fd = context_.null.get();
    launch_.report_fd = context_.report_write.get();
    launch_.init_fd = context_.init.get();
    if (spec_.log_path.empty() && !context_.events.line) {
      launch_.stdout_fd = launch_.stderr_fd = context_.null.get();
      return Ok();
    }
    container_.log_path = spec_.log_path;
    for (std::size_t i = 0; i < 2; ++i) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) return Cannot("open a pipe", errno);
      container_.output[i] = Fd(ends[0]);
      write_ends_[i] = Raised(Fd(ends[1]));
      if (!write_ends_[i].ok()) return Cannot("open a pipe", errno);
      fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    launch_.stdout_fd = write_ends_[0].get();
    launch_.stderr_fd = write_ends_[1].get();
    return Ok();
  }

  Status PlanNamespaces() {
    const Capabilities& can = context_.capabilities;
    const PodSandboxSpec& pod = container_.sandbox->spec;
    const int namespaces = NamespacesOf(can, pod);
    if (SharesPids(can, pod)) {
      launch_.joins = {{container_.sandbox->pause.get(), namespaces}};
      launch_.copied_namespaces = CLONE_NEWNS;
    } else {
      launch_.namespaces = namespaces;
      launch_.hostname = pod.hostname;
      launch_.steps = BasicSteps(namespaces);
      if (can.user_namespace()) {
        launch_.uid_map = SelfMap(geteuid());
        launch_.gid_map = SelfMap(getegid());
      }
    }
    container_.owns_pids = (launch_.namespaces & CLONE_NEWPID) != 0;
    launch_.network_fd = container_.sandbox->network.get();
    if (spec_.uid && *spec_.uid != geteuid() && (geteuid() != 0 || can.user_namespace())) {
      return Error{Cat("cannot run as user ", *spec_.uid,
                       ": only root may start processes of other users; "
                       "start this program as root, or leave out runAsUser")};
    }
    return Ok();
  }

  Status PlanFiles() {
    std::vector<Mount> mounts = spec_.mounts;
    if (!context_.capabilities.own_mounts()) {
      if (spec_.read_only_root) {
        return Error{
            "cannot make its root read-only: containers are plain processes here, without mounts of their own"};
      }
      // Without mounts of its own a volume is where it is, or the container cannot have it.
      for (const Mount& mount : mounts) {
        if (CleanPath(mount.host_path) == CleanPath(mount.container_path)) continue;
        return Error{Cat("cannot mount ", mount.host_path, " at ", mount.container_path,
                         ": containers are plain processes here, without mounts of their own")};
      }
      return Ok();
    }
    if (!container_.sandbox->hosts_path.empty() && MachineHasHostsFile()) {
      mounts.push_back({container_.sandbox->hosts_path, "/etc/hosts"});
    }
    if (!spec_.termination_message_path.empty()) {
      container_.termination_file =
          Cat(context_.directory(), "/c", static_cast<std::uint64_t>(container_.id), ".message");
      if (const int error = WriteFileAgain(container_.termination_file, "", 0666)) {
        return Cannot(Cat("write ", container_.termination_file), error);
      }
      mounts.push_back({container_.termination_file, spec_.termination_message_path});
    }
    if (auto there = MakeWorkingDirectory(mounts); !there) return there;
    errno = 0;
    auto planned = PlanMounts(std::move(mounts), *context_.staging, launch_.steps,
                              spec_.read_only_root ? RootAccess::kReadOnly : RootAccess::kAsItIs);
    if (!planned) container_.lacks_resources |= IsLackOfResources(errno);
    return planned;
  }

  // As container runtimes do it, for root and with the usual mode.
  Status MakeWorkingDirectory(std::vector<Mount>& mounts) {
    const std::string path = CleanPath(spec_.working_directory);
    if (path.empty() || path == "/") return Ok();
    const Mount* above = nullptr;
    for (const Mount& mount : mounts) {
      const bool here = path == mount.container_path || path.starts_with(mount.container_path + "/");
      if (here && (above == nullptr || above->container_path.size() < mount.container_path.size())) above = &mount;
    }
    const std::string real = above == nullptr ? path : above->host_path + path.substr(above->container_path.size());
    if (access(real.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)) return Ok();
    if (above != nullptr) {
      if (above->read_only) return Ok();
      if (const int error = MakeDirectories(real)) return Cannot(Cat("make ", path), error);
      return Ok();
    }
    container_.own_directory = Cat(context_.directory(), "/c", static_cast<std::uint64_t>(container_.id), ".directory");
    if (const int error = MakeDirectories(container_.own_directory)) {
      return Cannot(Cat("make ", container_.own_directory), error);
    }
    mounts.push_back({container_.own_directory, path});
    return Ok();
  }

  void PlanProcess() {
    const int mode = container_.owns_pids                                          ? kInitOwnPidNamespace
                     : SharesPids(context_.capabilities, container_.sandbox->spec) ? kInitSharedPidNamespace
                                                                                   : kInitSubreaper;
    launch_.argv = InitArguments(context_, container_, mode, spec_);
    launch_.environment = spec_.environment;
    launch_.file_limit = RaiseFileLimit();
  }

  const RuntimeContext& context_;
  Container& container_;
  const ContainerSpec& spec_;
  LaunchSpec launch_;
  std::array<Fd, 2> write_ends_;
};

}  // namespace

Result<std::unique_ptr<RuntimeContext>> RuntimeContext::Open(const std::string& state_directory,
                                                             const ProbeOptions& probe) {
  RaiseFileLimit();
  auto capabilities = ProbeCapabilities(probe);
  if (!capabilities) return capabilities.error();
  auto init = OpenInitImage();
  if (!init) return init.error();

  auto context = std::make_unique<RuntimeContext>(std::move(*capabilities),
                                                  probe.no_cgroups ? Cgroups::None("not asked for") : Cgroups::Open());
  std::error_code failed;
  fs::create_directories(state_directory, failed);
  const std::string base = fs::canonical(state_directory, failed);
  if (failed) return Error{Cat("state directory ", state_directory, " cannot be used: ", failed.message())};
  EngineFolder::TakeAbandoned(base).clear();
  auto folder = EngineFolder::Make(base);
  if (!folder) return folder.error();
  context->folder = std::move(*folder);
  context->staging = std::make_unique<const Staging>(context->directory() + "/staging");
  if (const int error = MakeDirectories(context->staging->path())) {
    return Error{Cat("directory ", context->staging->path(), " cannot be made: ", FileErrorText(error))};
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{Cat("cannot open a pipe: ", strerrordesc_np(errno))};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  context->report_read = Fd(ends[0]);
  context->report_write = Raised(Fd(ends[1]));
  context->init = Raised(std::move(*init));
  context->null = Raised(Fd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  return context;
}

std::unique_ptr<Container> StartContainerIn(const RuntimeContext& context, std::shared_ptr<LaunchOrder> order,
                                            const ChildStack& stack) {
  const ContainerSpec& spec = order->spec;
  auto container = std::make_unique<Container>();
  container->id = order->id;
  container->sandbox = order->sandbox;
  container->order = std::move(order);
  container->name = spec.name;
  container->program = spec.argv.front();
  container->working_directory = spec.working_directory.empty() ? "/" : spec.working_directory;
  if (auto status = Starter(context, *container, spec).Start(stack); !status) {
    container->start_error = status.error().message;
    container->output = {};
  }
  return container;
}

std::unique_ptr<Container> StartExec(const RuntimeContext& context, ContainerId id, const ExecTarget& target,
                                     const ExecSpec& spec, const ChildStack& stack) {
  auto process = std::make_unique<Container>();
  process->id = id;
  process->sandbox = target.sandbox;
  process->program = spec.argv.front();
  process->working_directory = spec.working_directory.empty() ? "/" : spec.working_directory;
  process->exec_in = target.container;
  process->timeout = spec.timeout;
  const Capabilities& can = context.capabilities;
  LaunchSpec launch;
  int namespaces = NamespacesOf(can, target.sandbox->spec);
  const bool in_pid_namespace = (namespaces & CLONE_NEWPID) != 0;
  // The first process of a container that shares a PID namespace is itself outside of it.
  const bool shares = SharesPids(can, target.sandbox->spec);
  if (shares) namespaces &= ~CLONE_NEWPID;
  if (namespaces != 0) launch.joins.push_back({target.pidfd.get(), namespaces});
  if (shares) launch.joins.push_back({target.sandbox->pause.get(), CLONE_NEWPID});
  launch.network_fd = target.sandbox->network.get();
  for (const Fd& fd : target.cgroup_fds) launch.cgroup_fds.push_back(fd.get());
  launch.stdin_fd = launch.stdout_fd = launch.stderr_fd = context.null.get();
  launch.report_fd = context.report_write.get();
  launch.init_fd = context.init.get();
  launch.argv = InitArguments(context, *process, in_pid_namespace ? kInitBeside : kInitSubreaper, spec);
  launch.environment = spec.environment;
  launch.file_limit = RaiseFileLimit();
  Launched launched;
  if (const auto failure = Launch(launch, stack, launched)) {
    process->start_error = Cat("cannot ", failure->what, ": ", strerrordesc_np(failure->error));
  }
  process->pid = launched.pid;
  process->pidfd = std::move(launched.pidfd);
  return process;
}

bool IsLackOfResources(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
    case ENOBUFS:
      return true;
    default:
      return false;
  }
}

bool RemoveSandboxFiles(Sandbox& sandbox) {
  if (sandbox.owns_hosts) unlink(sandbox.hosts_path.c_str());
  sandbox.owns_hosts = false;
  if (sandbox.pause.ok()) {
    syscall(SYS_pidfd_send_signal, sandbox.pause.get(), SIGKILL, nullptr, 0);
    siginfo_t info{};
    if (waitid(P_PIDFD, static_cast<id_t>(sandbox.pause.get()), &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) {
      return false;
    }
    sandbox.pause.Reset();
  }
  // Once nobody is in it, the kernel takes the namespace away, with the pod's end of the wire and the hub's.
  sandbox.network.Reset();
  return sandbox.cgroup.Remove();
}

std::string TakeTerminationMessage(const Container& container) {
  std::string message;
  std::error_code ignored;
  if (!container.own_directory.empty()) fs::remove_all(container.own_directory, ignored);
  if (container.termination_file.empty()) return message;
  const Fd fd = OpenWithoutLinks(container.termination_file, O_RDONLY | O_NONBLOCK);
  message.resize(kTerminationMessageBytes);
  struct stat found {};
  if (fd.ok()) fstat(fd.get(), &found);
  // Of a longer one the end, as the kubelet reads it.
  const off_t skipped = std::max<off_t>(found.st_size - static_cast<off_t>(message.size()), 0);
  const ssize_t n = fd.ok() ? pread(fd.get(), message.data(), message.size(), skipped) : 0;
  message.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  unlink(container.termination_file.c_str());
  return message;
}

Time Now() {
  return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace reprieve::runtime
