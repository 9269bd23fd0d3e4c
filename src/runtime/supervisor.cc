#include "runtime/supervisor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "runtime/init_image.h"
#include "runtime/launcher.h"
#include "runtime/memory_watch.h"

namespace reprieve::runtime {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kStartErrorCode = 128;
constexpr int kKilledCode = 128 + SIGKILL;
constexpr int kEventsAtOnce = 128;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr milliseconds kCleanUpAgainAfter{5};
constexpr milliseconds kLookAtMemoryAfter{200};
// How long a container without a PID namespace has to end its processes itself, before it is killed over them.
constexpr milliseconds kKillAllPatience{6000};

// What a ready descriptor belongs to: an id and one of these.
enum class Source : std::uint8_t { kControl, kProcess, kStdout, kStderr };
constexpr std::uint64_t kWakeId = 0;
constexpr std::uint64_t kReportId = 1;

std::uint64_t Tag(std::uint64_t id, Source source) {
  return id << 2 | static_cast<std::uint64_t>(source);
}
std::uint64_t Number(ContainerId id) {
  return static_cast<std::uint64_t>(id);
}

std::string StartFailureText(const Container& container, const StartFailure& failure) {
  const std::string_view why = strerrordesc_np(failure.error);
  switch (failure.step) {
    case kStepUser:
      return Cat("cannot change to its user or group: ", why);
    case kStepDirectory:
      return Cat("working directory ", container.working_directory, ": ", why);
    case kStepExec:
      if (failure.error == ENOENT && container.program.find('/') == std::string::npos) {
        return Cat(container.program, ": executable file not found in $PATH");
      }
      return Cat(container.program, ": ", why);
    default:
      return std::string(why);
  }
}

}  // namespace

std::string_view ExitReasonName(ExitReason reason) {
  switch (reason) {
    case ExitReason::kCompleted:
      return "Completed";
    case ExitReason::kError:
      return "Error";
    case ExitReason::kOomKilled:
      return "OOMKilled";
    case ExitReason::kStartError:
      return "StartError";
  }
  return {};
}

class Supervisor::Impl {
 public:
  Impl(std::unique_ptr<RuntimeContext> context, int launchers);
  ~Impl();
  Result<Nothing> Begin();

  const RuntimeContext& context() const { return *context_; }
  Result<SandboxId> RunPodSandbox(PodSandboxSpec spec);
  Result<ContainerId> StartContainer(SandboxId sandbox, ContainerSpec spec);
  void StopContainer(ContainerId container, milliseconds grace);
  Result<ExecId> Exec(ContainerId container, ExecSpec spec);
  void RemovePodSandbox(SandboxId sandbox);

 private:
  struct LaunchOrder {
    ContainerId id;
    std::shared_ptr<Sandbox> sandbox;
    ContainerSpec spec;
  };
  struct ExecOrder {
    ContainerId id;
    Company company;  // its container alone, until the supervising thread has found that
    ExecSpec spec;
  };
  struct StopOrder {
    ContainerId id;
    milliseconds grace;
  };
  // What other threads have left for the supervising thread.
  struct Inbox {
    std::vector<std::unique_ptr<Container>> launched;
    std::vector<StopOrder> stops;
    std::vector<ExecOrder> execs;
    std::vector<std::shared_ptr<Sandbox>> removals;
    bool end = false;

    bool empty() const { return launched.empty() && stops.empty() && execs.empty() && removals.empty() && !end; }
  };
  struct Live {
    std::unique_ptr<Container> container;
    bool killed = false;
    bool over_memory = false;
    bool timed_out = false;
    std::vector<ContainerId> company;  // processes beside its own
  };
  enum class Due : std::uint8_t { kKill, kKillInit, kTimeOut, kLookAtMemory };
  struct Deadline {
    ContainerId id;
    Due due;
  };

  // On launcher threads.
  void LaunchLoop();

  // On the supervising thread.
  void SuperviseLoop();
  void TakeInbox();
  void QuietWake();
  bool InboxIsEmpty();
  void Admit(std::unique_ptr<Container> container);
  void Join(ExecOrder order);
  void AdmitBeside(std::unique_ptr<Container> process);
  void ReapBeside(Live& live, int exit_code);
  void Stop(const StopOrder& order);
  void Kill(Live& live);
  void SignalTo(const Container& container, int signal);
  void Handle(const epoll_event& event);
  void ReadReports();
  // False: the stream has ended.
  bool ReadOutput(Container& container, Stream stream);
  void Reap(Live& live);
  void Close(Fd& fd);
  void Deliver(Container& container, ContainerExit exit);
  void PassDeadlines();
  void LookAtMemory(Live& live);
  void CleanUpAgain();
  int TimeoutMillis() const;
  bool Done() const;

  // From any thread.
  template <class Change>
  void Post(Change change);

  std::unique_ptr<RuntimeContext> context_;
  int launcher_count_;
  Fd epoll_;
  Fd wake_;

  std::mutex mutex_;
  std::condition_variable orders_ready_;
  // Guarded by mutex_.
  std::deque<LaunchOrder> orders_;
  std::deque<ExecOrder> joins_;
  Inbox inbox_;
  bool no_more_orders_ = false;
  std::uint64_t next_id_ = 2;
  std::unordered_map<std::uint64_t, std::shared_ptr<Sandbox>> sandboxes_;
  std::unordered_set<std::uint64_t> launching_;

  // Of the supervising thread alone.
  std::unordered_map<std::uint64_t, Live> live_;
  std::unordered_map<std::uint64_t, StartFailure> start_failures_;
  // Stops that came before the process did.
  std::unordered_map<std::uint64_t, milliseconds> early_stops_;
  std::multimap<Clock::time_point, Deadline> deadlines_;
  // What the kernel had not let go of yet.
  std::vector<Cgroup> groups_to_remove_;
  std::vector<std::shared_ptr<Sandbox>> sandboxes_to_remove_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  bool ending_ = false;

  std::vector<std::thread> launchers_;
  std::thread supervisor_;
  std::thread::id supervisor_id_;
};

Supervisor::Impl::Impl(std::unique_ptr<RuntimeContext> context, int launchers)
    : context_(std::move(context)), launcher_count_(std::max(launchers, 1)) {}

Result<Nothing> Supervisor::Impl::Begin() {
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.ok() || !wake_.ok()) return Error{Cat("cannot open an epoll: ", strerrordesc_np(errno))};
  epoll_event wake{.events = EPOLLIN, .data = {.u64 = Tag(kWakeId, Source::kControl)}};
  epoll_event report{.events = EPOLLIN, .data = {.u64 = Tag(kReportId, Source::kControl)}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &wake);
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, context_->report_read.get(), &report);
  supervisor_ = std::thread([this] { SuperviseLoop(); });
  supervisor_id_ = supervisor_.get_id();
  for (int i = 0; i < launcher_count_; ++i) launchers_.emplace_back([this] { LaunchLoop(); });
  return Ok();
}

Supervisor::Impl::~Impl() {
  if (!supervisor_.joinable()) return;
  Post([](Inbox& inbox) { inbox.end = true; });
  supervisor_.join();
  // Containers die with the thread that started them, so the launchers go last.
  {
    const std::lock_guard lock(mutex_);
    no_more_orders_ = true;
  }
  orders_ready_.notify_all();
  for (std::thread& launcher : launchers_) launcher.join();
}

// Calls from any thread.

Result<SandboxId> Supervisor::Impl::RunPodSandbox(PodSandboxSpec spec) {
  auto sandbox = std::make_shared<Sandbox>();
  sandbox->spec = std::move(spec);
  const std::lock_guard lock(mutex_);
  sandbox->id = SandboxId{next_id_++};
  sandboxes_.emplace(static_cast<std::uint64_t>(sandbox->id), sandbox);
  return sandbox->id;
}

Result<ContainerId> Supervisor::Impl::StartContainer(SandboxId sandbox, ContainerSpec spec) {
  if (spec.argv.empty()) return Error{Cat("container ", spec.name, " has no command")};
  ContainerId id{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = sandboxes_.find(static_cast<std::uint64_t>(sandbox));
    if (found == sandboxes_.end()) return Error{Cat("container ", spec.name, ": its pod sandbox is gone")};
    id = ContainerId{next_id_++};
    ++found->second->containers;
    launching_.insert(Number(id));
    orders_.push_back({id, found->second, std::move(spec)});
  }
  orders_ready_.notify_one();
  return id;
}

void Supervisor::Impl::StopContainer(ContainerId container, milliseconds grace) {
  Post([&](Inbox& inbox) { inbox.stops.push_back({container, grace}); });
}

Result<ExecId> Supervisor::Impl::Exec(ContainerId container, ExecSpec spec) {
  if (spec.argv.empty()) return Error{"there is no command"};
  ContainerId id{};
  Post([&](Inbox& inbox) {
    id = ContainerId{next_id_++};
    inbox.execs.push_back({id, {container, nullptr, {}, {}}, std::move(spec)});
  });
  return ExecId{Number(id)};
}

void Supervisor::Impl::RemovePodSandbox(SandboxId sandbox) {
  std::shared_ptr<Sandbox> removed;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sandboxes_.find(static_cast<std::uint64_t>(sandbox));
    if (found == sandboxes_.end()) return;
    removed = std::move(found->second);
    sandboxes_.erase(found);
  }
  removed->removing = true;
  Post([&](Inbox& inbox) { inbox.removals.push_back(std::move(removed)); });
}

template <class Change>
void Supervisor::Impl::Post(Change change) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = inbox_.empty();
    change(inbox_);
  }
  // The supervising thread looks again before it waits; this is for a callback's own calls.
  if (!first || std::this_thread::get_id() == supervisor_id_) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

// Launcher threads.

void Supervisor::Impl::LaunchLoop() {
  BlockAllSignals();
  const ChildStack stack;
  for (;;) {
    std::unique_lock lock(mutex_);
    orders_ready_.wait(lock, [&] { return !orders_.empty() || !joins_.empty() || no_more_orders_; });
    std::unique_ptr<Container> container;
    // Processes beside containers first: a container that has many others to wait for is still asked in time.
    if (!joins_.empty()) {
      const ExecOrder order = std::move(joins_.front());
      joins_.pop_front();
      lock.unlock();
      container = StartBeside(*context_, order.id, order.company, order.spec, stack);
    } else if (!orders_.empty()) {
      LaunchOrder order = std::move(orders_.front());
      orders_.pop_front();
      lock.unlock();
      container = StartContainerIn(*context_, order.id, std::move(order.sandbox), order.spec, stack);
    } else {
      return;
    }
    Post([&](Inbox& inbox) { inbox.launched.push_back(std::move(container)); });
  }
}

// The supervising thread.

void Supervisor::Impl::SuperviseLoop() {
  BlockAllSignals();
  epoll_event events[kEventsAtOnce];
  while (!Done()) {
    const int n = epoll_wait(epoll_.get(), events, kEventsAtOnce, TimeoutMillis());
    for (int i = 0; i < n; ++i) Handle(events[i]);
    PassDeadlines();
    while (!InboxIsEmpty()) TakeInbox();
    CleanUpAgain();
  }
}

bool Supervisor::Impl::Done() const {
  return ending_ && live_.empty() && groups_to_remove_.empty() && sandboxes_to_remove_.empty();
}

void Supervisor::Impl::Handle(const epoll_event& event) {
  const auto source = static_cast<Source>(event.data.u64 & 3);
  const std::uint64_t id = event.data.u64 >> 2;
  if (source == Source::kControl) return id == kWakeId ? QuietWake() : ReadReports();
  const auto found = live_.find(id);
  if (found == live_.end()) return;  // an exit earlier in this round
  Container& container = *found->second.container;
  switch (source) {
    case Source::kControl:
      return;
    case Source::kProcess:
      return Reap(found->second);
    case Source::kStdout:
    case Source::kStderr: {
      const Stream stream = source == Source::kStdout ? Stream::kStdout : Stream::kStderr;
      if (!ReadOutput(container, stream)) Close(container.output[static_cast<std::size_t>(stream)]);
      return;
    }
  }
}

void Supervisor::Impl::QuietWake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
}

bool Supervisor::Impl::InboxIsEmpty() {
  const std::lock_guard lock(mutex_);
  return inbox_.empty();
}

void Supervisor::Impl::TakeInbox() {
  Inbox inbox;
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox, inbox_);
    for (const auto& container : inbox.launched) launching_.erase(Number(container->id));
    if (inbox.end) {
      for (LaunchOrder& order : orders_) order.sandbox->removing = true;
      for (auto& [id, sandbox] : sandboxes_) inbox.removals.push_back(std::move(sandbox));
      sandboxes_.clear();
    }
  }
  for (auto& container : inbox.launched) Admit(std::move(container));
  for (const StopOrder& order : inbox.stops) Stop(order);
  for (ExecOrder& order : inbox.execs) Join(std::move(order));
  for (const auto& sandbox : inbox.removals) {
    sandbox->removing = true;
    for (auto& [id, live] : live_) {
      if (live.container->sandbox == sandbox) Kill(live);
    }
    sandboxes_to_remove_.push_back(sandbox);
  }
  ending_ = ending_ || inbox.end;
}

void Supervisor::Impl::Admit(std::unique_ptr<Container> container) {
  if (container->beside) return AdmitBeside(std::move(container));
  const ContainerId id = container->id;
  const auto early_stop = early_stops_.extract(Number(id));
  if (!container->pidfd.ok()) {
    const bool removed = container->sandbox->removing;
    const Time now = Now();
    Deliver(*container, {.container = id,
                         .exit_code = removed ? kKilledCode : kStartErrorCode,
                         .reason = removed ? ExitReason::kError : ExitReason::kStartError,
                         .message = container->start_error,
                         .started_at = now,
                         .finished_at = now});
    return;
  }
  Live& live = live_.emplace(Number(id), Live{std::move(container), {}, {}, {}, {}}).first->second;
  const Container& admitted = *live.container;
  if (context_->events.started) context_->events.started({id, admitted.sandbox->id, admitted.started_at});
  const auto watch = [&](const Fd& fd, Source source) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = Tag(Number(id), source)}};
    if (fd.ok()) epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event);
  };
  watch(admitted.output[0], Source::kStdout);
  watch(admitted.output[1], Source::kStderr);
  watch(admitted.pidfd, Source::kProcess);
  if (admitted.watched_memory_bytes) {
    deadlines_.emplace(Clock::now() + kLookAtMemoryAfter, Deadline{id, Due::kLookAtMemory});
  }
  if (admitted.sandbox->removing) {
    Kill(live);
  } else if (early_stop) {
    Stop({id, early_stop.mapped()});
  }
}

void Supervisor::Impl::Join(ExecOrder order) {
  const auto found = live_.find(Number(order.company.container));
  Fd pidfd;
  if (found != live_.end() && !found->second.killed) {
    pidfd = Fd(fcntl(found->second.container->pidfd.get(), F_DUPFD_CLOEXEC, 0));
  }
  if (!pidfd.ok()) {
    if (!context_->events.exec_ended) return;
    return context_->events.exec_ended(
        {ExecId{Number(order.id)}, ExecOutcome::kNotStarted, 0, "the container does not run"});
  }
  Live& live = found->second;
  live.company.push_back(order.id);
  order.company.sandbox = live.container->sandbox;
  order.company.pidfd = std::move(pidfd);
  order.company.cgroup_doors = live.container->cgroup.OpenDoors();
  ++order.company.sandbox->containers;
  {
    const std::lock_guard lock(mutex_);
    joins_.push_back(std::move(order));
  }
  orders_ready_.notify_one();
}

void Supervisor::Impl::AdmitBeside(std::unique_ptr<Container> process) {
  const ContainerId id = process->id;
  Live& live = live_.emplace(Number(id), Live{std::move(process), {}, {}, {}, {}}).first->second;
  const Container& admitted = *live.container;
  if (!admitted.pidfd.ok()) return ReapBeside(live, kStartErrorCode);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = Tag(Number(id), Source::kProcess)}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, admitted.pidfd.get(), &event);
  deadlines_.emplace(Clock::now() + admitted.timeout, Deadline{id, Due::kTimeOut});
  if (admitted.sandbox->removing || !live_.contains(Number(*admitted.beside))) Kill(live);
}

void Supervisor::Impl::ReapBeside(Live& live, int exit_code) {
  Container& process = *live.container;
  ExecEnd end{.exec = ExecId{Number(process.id)}, .exit_code = exit_code, .message = process.start_error};
  if (exit_code == kStartErrorCode) ReadReports();
  if (const auto failure = start_failures_.extract(Number(process.id))) {
    end.message = StartFailureText(process, failure.mapped());
  }
  if (!end.message.empty()) {
    end.outcome = ExecOutcome::kNotStarted;
  } else if (live.timed_out) {
    end.outcome = ExecOutcome::kTimedOut;
  }
  const auto beside = live_.find(Number(*process.beside));
  if (beside != live_.end()) std::erase(beside->second.company, process.id);
  Close(process.pidfd);
  --process.sandbox->containers;
  live_.erase(Number(process.id));
  if (context_->events.exec_ended) context_->events.exec_ended(std::move(end));
}

void Supervisor::Impl::Stop(const StopOrder& order) {
  const auto found = live_.find(Number(order.id));
  if (found == live_.end()) {
    const std::lock_guard lock(mutex_);
    if (!launching_.contains(Number(order.id))) return;
    const auto [earlier, is_new] = early_stops_.try_emplace(Number(order.id), order.grace);
    if (!is_new) earlier->second = std::min(earlier->second, order.grace);
    return;
  }
  if (order.grace <= milliseconds::zero()) return Kill(found->second);
  SignalTo(*found->second.container, SIGTERM);
  deadlines_.emplace(Clock::now() + order.grace, Deadline{order.id, Due::kKill});
}

void Supervisor::Impl::Kill(Live& live) {
  if (std::exchange(live.killed, true)) return;
  if (context_->capabilities.own_pids() && !live.container->beside) return SignalTo(*live.container, SIGKILL);
  SignalTo(*live.container, kKillAllSignal);
  deadlines_.emplace(Clock::now() + kKillAllPatience, Deadline{live.container->id, Due::kKillInit});
}

void Supervisor::Impl::SignalTo(const Container& container, int signal) {
  syscall(SYS_pidfd_send_signal, container.pidfd.get(), signal, nullptr, 0);
}

void Supervisor::Impl::ReadReports() {
  StartFailure failure;
  while (read(context_->report_read.get(), &failure, sizeof failure) == sizeof failure) {
    start_failures_[failure.serial] = failure;
  }
}

bool Supervisor::Impl::ReadOutput(Container& container, Stream stream) {
  const Fd& fd = container.output[static_cast<std::size_t>(stream)];
  const ssize_t n = read(fd.get(), buffer_.data(), buffer_.size());
  if (n > 0) container.log->Append(stream, {buffer_.data(), static_cast<std::size_t>(n)}, Now());
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

void Supervisor::Impl::Reap(Live& live) {
  Container& container = *live.container;
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(container.pidfd.get()), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
    return;
  }
  const int exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  if (container.beside) return ReapBeside(live, exit_code);
  for (const ContainerId id : live.company) {
    if (const auto found = live_.find(Number(id)); found != live_.end()) Kill(found->second);
  }
  ContainerExit exit{.container = container.id, .started_at = container.started_at, .finished_at = Now()};
  exit.exit_code = exit_code;
  if (exit.exit_code != 0) exit.reason = ExitReason::kError;
  if (exit.exit_code == kStartErrorCode) ReadReports();
  if (const auto failure = start_failures_.extract(Number(container.id))) {
    exit.reason = ExitReason::kStartError;
    exit.message = StartFailureText(container, failure.mapped());
  } else if (exit.exit_code != 0 && (live.over_memory || container.cgroup.OomKills() > 0)) {
    exit.reason = ExitReason::kOomKilled;
  }
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    Fd& fd = container.output[static_cast<std::size_t>(stream)];
    // Nobody is left to write: the stream ends, or, where a process got away, runs dry.
    while (fd.ok()) {
      const ssize_t n = read(fd.get(), buffer_.data(), buffer_.size());
      if (n <= 0) break;
      container.log->Append(stream, {buffer_.data(), static_cast<std::size_t>(n)}, exit.finished_at);
    }
    Close(fd);
  }
  Close(container.pidfd);
  const auto node = live_.extract(Number(container.id));  // keeps it alive to the end of this function
  Deliver(*node.mapped().container, std::move(exit));
}

// Closing alone does not take it out of the epoll while a child that a launcher has just begun still holds a copy.
void Supervisor::Impl::Close(Fd& fd) {
  if (fd.ok()) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
  fd.Reset();
}

void Supervisor::Impl::Deliver(Container& container, ContainerExit exit) {
  exit.sandbox = container.sandbox->id;
  if (container.log) container.log->Finish(exit.finished_at);
  std::string message = TakeTerminationMessage(container);
  if (exit.message.empty()) exit.message = std::move(message);
  if (!container.cgroup.Remove()) groups_to_remove_.push_back(std::move(container.cgroup));
  --container.sandbox->containers;
  context_->events.exited(std::move(exit));
}

void Supervisor::Impl::PassDeadlines() {
  const Clock::time_point now = Clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const Deadline deadline = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    const auto found = live_.find(Number(deadline.id));
    if (found == live_.end()) continue;
    switch (deadline.due) {
      case Due::kKill:
        Kill(found->second);
        break;
      case Due::kKillInit:
        SignalTo(*found->second.container, SIGKILL);
        break;
      case Due::kTimeOut:
        found->second.timed_out = true;
        Kill(found->second);
        break;
      case Due::kLookAtMemory:
        LookAtMemory(found->second);
        break;
    }
  }
}

void Supervisor::Impl::LookAtMemory(Live& live) {
  live.over_memory = ResidentBytesOfTree(live.container->pid) > *live.container->watched_memory_bytes;
  if (live.over_memory) return Kill(live);
  deadlines_.emplace(Clock::now() + kLookAtMemoryAfter, Deadline{live.container->id, Due::kLookAtMemory});
}

void Supervisor::Impl::CleanUpAgain() {
  std::erase_if(groups_to_remove_, [](Cgroup& group) { return group.Remove(); });
  std::erase_if(sandboxes_to_remove_, [](const std::shared_ptr<Sandbox>& sandbox) {
    return sandbox->containers == 0 && RemoveSandboxFiles(*sandbox);
  });
}

int Supervisor::Impl::TimeoutMillis() const {
  auto timeout = milliseconds::max();
  bool cgroups_linger = !groups_to_remove_.empty();
  for (const auto& sandbox : sandboxes_to_remove_) cgroups_linger |= sandbox->containers == 0;
  if (cgroups_linger) timeout = kCleanUpAgainAfter;
  if (!deadlines_.empty()) {
    const auto left = std::chrono::ceil<milliseconds>(deadlines_.begin()->first - Clock::now());
    timeout = std::min(timeout, std::max(left, milliseconds::zero()));
  }
  return timeout == milliseconds::max() ? -1 : static_cast<int>(std::min<std::int64_t>(timeout.count(), 1 << 30));
}

// The interface.

Result<std::unique_ptr<Supervisor>> Supervisor::Start(SupervisorOptions options, RuntimeEvents events) {
  REPRIEVE_CHECK(events.exited, "a runtime needs somewhere to deliver its exits");
  auto context = RuntimeContext::Open(options.state_directory, options.probe);
  if (!context) return context.error();
  (*context)->log = options.log;
  (*context)->events = std::move(events);
  auto impl = std::make_unique<Impl>(std::move(*context), options.launchers);
  if (auto begun = impl->Begin(); !begun) return begun.error();
  return std::unique_ptr<Supervisor>(new Supervisor(std::move(impl)));
}

Supervisor::Supervisor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Supervisor::~Supervisor() = default;

bool Supervisor::has_own_mounts() const {
  return impl_->context().capabilities.own_mounts();
}

std::string Supervisor::Describe() const {
  return Cat(impl_->context().capabilities.Describe(), "; ", impl_->context().cgroups.Describe());
}
const Capabilities& Supervisor::capabilities() const {
  return impl_->context().capabilities;
}

Result<SandboxId> Supervisor::RunPodSandbox(PodSandboxSpec spec) {
  return impl_->RunPodSandbox(std::move(spec));
}
Result<ContainerId> Supervisor::StartContainer(SandboxId sandbox, ContainerSpec spec) {
  return impl_->StartContainer(sandbox, std::move(spec));
}
void Supervisor::StopContainer(ContainerId container, std::chrono::milliseconds grace) {
  impl_->StopContainer(container, grace);
}
Result<ExecId> Supervisor::Exec(ContainerId container, ExecSpec spec) {
  return impl_->Exec(container, std::move(spec));
}
void Supervisor::RemovePodSandbox(SandboxId sandbox) {
  impl_->RemovePodSandbox(sandbox);
}

}  // namespace reprieve::runtime
