#include "runtime/launcher.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "runtime/init_image.h"
#include "runtime/mount_plan.h"
#include "runtime/pod_network.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTerminationMessageBytes = 4096;
// Descriptors given to a child lie above those it sets anew, even if the engine was started with 0, 1 or 2 closed.
constexpr int kFirstDescriptor = kReportFd + 1;

Fd Raised(Fd fd) {
  if (!fd.ok() || fd.get() >= kFirstDescriptor) return fd;
  return Fd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstDescriptor));
}

bool WriteNewFile(const std::string& path, std::string_view text, mode_t mode) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.ok() || fchmod(fd.get(), mode) != 0) return false;
  return write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// As the kubelet writes it, with the pod's own name where its network is the host's.
std::string HostsFile(const PodSandboxSpec& spec) {
  std::string text =
      "# Written by Reprieve for this pod.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n";
  if (!spec.hostname.empty()) {
    AppendTo(text, spec.network != nullptr ? spec.address : "127.0.0.1", "\t", spec.hostname, "\n");
  }
  for (const HostsEntry& entry : spec.hosts) AppendTo(text, entry.address, "\t", Join(entry.names, "\t"), "\n");
  return text;
}

void MakeSandboxFiles(const RuntimeContext& context, Sandbox& sandbox) {
  const std::string name = Cat("p", static_cast<std::uint64_t>(sandbox.id));
  if (sandbox.spec.hosts_path) {
    sandbox.hosts_path = *sandbox.spec.hosts_path;
  } else if (context.capabilities.own_mounts()) {
    sandbox.hosts_path = Cat(context.directory, "/", name, ".hosts");
    sandbox.owns_hosts = true;
    if (!WriteNewFile(sandbox.hosts_path, HostsFile(sandbox.spec), 0644)) {
      sandbox.error = Cat("cannot write ", sandbox.hosts_path, ": ", strerrordesc_np(errno));
    }
  }
  if (sandbox.spec.network != nullptr) {
    auto network = sandbox.spec.network->Connect(sandbox.spec.address);
    if (!network) {
      sandbox.error = network.error().message;
      return;
    }
    sandbox.network = Raised(std::move(*network));
  }
  if (!sandbox.spec.limits.any()) return;
  auto group = context.cgroups.Create(name, sandbox.spec.limits);
  if (!group) {
    sandbox.error = group.error().message;
    return;
  }
  sandbox.cgroup = std::move(*group);
  sandbox.cgroup.CloseDoors();
  if (sandbox.cgroup.exists()) sandbox.cgroup_name = name;
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
    std::call_once(container_.sandbox->made, [&] { MakeSandboxFiles(context_, *container_.sandbox); });
    if (!container_.sandbox->error.empty()) return Error{container_.sandbox->error};
    for (const auto step :
         {&Starter::JoinCgroup, &Starter::OpenOutput, &Starter::PlanNamespaces, &Starter::PlanFiles}) {
      if (auto status = (this->*step)(); !status) return status;
    }
    PlanProcess();
    Launched launched;
    if (const auto failure = Launch(launch_, stack, launched)) {
      return Error{Cat("cannot ", failure->what, ": ", strerrordesc_np(failure->error))};
    }
    container_.started_at = Now();
    container_.cgroup.CloseDoors();
    container_.pid = launched.pid;
    container_.pidfd = std::move(launched.pidfd);
    return Ok();
  }

 private:
  Status JoinCgroup() {
    if (!context_.cgroups.memory()) container_.watched_memory_bytes = spec_.limits.memory_bytes;
    const std::string& parent = container_.sandbox->cgroup_name;
    if (!spec_.limits.any() && parent.empty()) return Ok();
    auto group = context_.cgroups.Create(Cat("c", static_cast<std::uint64_t>(container_.id)), spec_.limits, parent);
    if (!group) return group.error();
    container_.cgroup = std::move(*group);
    launch_.cgroup_fds = container_.cgroup.doors();
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
    CriLog::LineTap tap;
    if (context_.events.line) {
      tap = [id = container_.id, &line = context_.events.line](Stream stream, std::string_view text) {
        line(id, stream, text);
      };
    }
    container_.log = std::make_unique<CriLog>(spec_.log_path, context_.log, std::move(tap), context_.events.notice);
    for (std::size_t i = 0; i < 2; ++i) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) return Error{Cat("cannot open a pipe: ", strerrordesc_np(errno))};
      container_.output[i] = Fd(ends[0]);
      write_ends_[i] = Raised(Fd(ends[1]));
      fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    launch_.stdout_fd = write_ends_[0].get();
    launch_.stderr_fd = write_ends_[1].get();
    return Ok();
  }

  Status PlanNamespaces() {
    const Capabilities& can = context_.capabilities;
    launch_.namespaces = can.namespaces;
    launch_.hostname = container_.sandbox->spec.hostname;
    if (launch_.hostname.empty()) launch_.namespaces &= ~CLONE_NEWUTS;
    launch_.network_fd = container_.sandbox->network.get();
    if (can.user_namespace()) {
      launch_.uid_map = SelfMap(geteuid());
      launch_.gid_map = SelfMap(getegid());
    }
    if (spec_.uid && *spec_.uid != geteuid() && (geteuid() != 0 || can.user_namespace())) {
      return Error{Cat("cannot run as user ", *spec_.uid,
                       ": only root may start processes of other users; "
                       "start this program as root, or leave out runAsUser")};
    }
    return Ok();
  }

  Status PlanFiles() {
    launch_.steps = BasicSteps(launch_.namespaces);
    std::vector<Mount> mounts = spec_.mounts;
    if (!context_.capabilities.own_mounts()) {
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
          Cat(context_.directory, "/c", static_cast<std::uint64_t>(container_.id), ".message");
      if (!WriteNewFile(container_.termination_file, "", 0666)) {
        return Error{Cat("cannot write ", container_.termination_file, ": ", strerrordesc_np(errno))};
      }
      mounts.push_back({container_.termination_file, spec_.termination_message_path});
    }
    return PlanMounts(std::move(mounts), context_.staging, launch_.steps);
  }

  void PlanProcess() {
    const int mode = context_.capabilities.own_pids() ? kInitOwnPidNamespace : kInitSubreaper;
    launch_.argv = InitArguments(context_, container_, mode, spec_);
    launch_.environment = spec_.environment;
  }

  const RuntimeContext& context_;
  Container& container_;
  const ContainerSpec& spec_;
  LaunchSpec launch_;
  std::array<Fd, 2> write_ends_;
};

void SweepDeadEngines(const std::string& directory) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(directory, failed)) {
    if (IsNameOfADeadEngine(entry.path().filename())) fs::remove_all(entry.path(), failed);
  }
}

}  // namespace

Result<std::unique_ptr<RuntimeContext>> RuntimeContext::Open(const std::string& state_directory,
                                                             const ProbeOptions& probe) {
  auto capabilities = ProbeCapabilities(probe);
  if (!capabilities) return capabilities.error();
  auto init = OpenInitImage();
  if (!init) return init.error();

  auto context = std::make_unique<RuntimeContext>(std::move(*capabilities),
                                                  probe.no_cgroups ? Cgroups::None("not asked for") : Cgroups::Open());
  std::error_code failed;
  const std::string base = fs::absolute(state_directory, failed);
  fs::create_directories(base, failed);
  SweepDeadEngines(base);
  // One process may have several runtimes, one after another or side by side.
  static std::atomic<int> runtimes = 0;
  context->directory = Cat(base, "/", EngineName(), "-", runtimes++);
  context->staging = context->directory + "/staging";
  fs::create_directories(context->staging, failed);
  if (failed) return Error{Cat("state directory ", base, " cannot be used: ", failed.message())};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{Cat("cannot open a pipe: ", strerrordesc_np(errno))};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  context->report_read = Fd(ends[0]);
  context->report_write = Raised(Fd(ends[1]));
  context->init = Raised(std::move(*init));
  context->null = Raised(Fd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  return context;
}

RuntimeContext::~RuntimeContext() {
  std::error_code failed;
  if (!directory.empty()) fs::remove_all(directory, failed);
}

std::unique_ptr<Container> StartContainerIn(const RuntimeContext& context, ContainerId id,
                                            std::shared_ptr<Sandbox> sandbox, const ContainerSpec& spec,
                                            const ChildStack& stack) {
  auto container = std::make_unique<Container>();
  container->id = id;
  container->sandbox = std::move(sandbox);
  container->name = spec.name;
  container->program = spec.argv.front();
  container->working_directory = spec.working_directory.empty() ? "/" : spec.working_directory;
  if (auto status = Starter(context, *container, spec).Start(stack); !status) {
    container->start_error = status.error().message;
  }
  return container;
}

std::unique_ptr<Container> StartBeside(const RuntimeContext& context, ContainerId id, const Company& company,
                                       const ExecSpec& spec, const ChildStack& stack) {
  auto process = std::make_unique<Container>();
  process->id = id;
  process->sandbox = company.sandbox;
  process->program = spec.argv.front();
  process->working_directory = spec.working_directory.empty() ? "/" : spec.working_directory;
  process->beside = company.container;
  process->timeout = spec.timeout;
  const Capabilities& can = context.capabilities;
  LaunchSpec launch;
  launch.joined_namespaces = can.namespaces;
  if (company.sandbox->spec.hostname.empty()) launch.joined_namespaces &= ~CLONE_NEWUTS;
  launch.joined_pidfd = company.pidfd.get();
  launch.network_fd = company.sandbox->network.get();
  for (const Fd& door : company.cgroup_doors) launch.cgroup_fds.push_back(door.get());
  launch.stdin_fd = launch.stdout_fd = launch.stderr_fd = context.null.get();
  launch.report_fd = context.report_write.get();
  launch.init_fd = context.init.get();
  launch.argv = InitArguments(context, *process, can.own_pids() ? kInitBeside : kInitSubreaper, spec);
  launch.environment = spec.environment;
  Launched launched;
  if (const auto failure = Launch(launch, stack, launched)) {
    process->start_error = Cat("cannot ", failure->what, ": ", strerrordesc_np(failure->error));
  }
  process->pid = launched.pid;
  process->pidfd = std::move(launched.pidfd);
  return process;
}

bool RemoveSandboxFiles(Sandbox& sandbox) {
  if (sandbox.owns_hosts) unlink(sandbox.hosts_path.c_str());
  sandbox.owns_hosts = false;
  // Once nobody is in it, the kernel takes the namespace away, with the pod's end of the wire and the hub's.
  sandbox.network.Reset();
  return sandbox.cgroup.Remove();
}

std::string TakeTerminationMessage(const Container& container) {
  std::string message;
  if (container.termination_file.empty()) return message;
  const Fd fd(open(container.termination_file.c_str(), O_RDONLY | O_CLOEXEC));
  message.resize(kTerminationMessageBytes);
  const ssize_t n = fd.ok() ? read(fd.get(), message.data(), message.size()) : 0;
  message.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  unlink(container.termination_file.c_str());
  return message;
}

Time Now() {
  return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace reprieve::runtime
