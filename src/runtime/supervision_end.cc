// Stops and kills, what containers say, and how they end.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "runtime/supervision.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;

// How long a container without a PID namespace has to end its processes itself, before it is killed over them.
constexpr milliseconds kKillAllPatience{6000};
constexpr std::int64_t kUsualPipeBytes = 64 * 1024;

// The program was not started, and not for anything that it or its limits have done.
bool LackedResources(const Container& container, const StartFailure& failure) {
  const ResourceLimits& own = container.order->spec.limits;
  const ResourceLimits& of_pod = container.sandbox->spec.limits;
  if (failure.error == ENOMEM && (own.memory_bytes || of_pod.memory_bytes)) return false;
  if (failure.error == EAGAIN && (own.pids || of_pod.pids)) return false;
  return (failure.step == kStepFork || failure.step == kStepExec) && IsLackOfResources(failure.error);
}

}  // namespace

std::string StartFailureText(const Container& container, const StartFailure& failure) {
  const std::string_view why = strerrordesc_np(failure.error);
  switch (failure.step) {
    case kStepUser:
      return Cat("cannot change to its user or group: ", why);
    case kStepDirectory:
      return Cat("working directory ", container.working_directory, ": ", why);
    case kStepPrivileges:
      return Cat("cannot give up privileges: ", why);
    case kStepExec:
      if (failure.error == ENOENT && container.program.find('/') == std::string::npos) {
        return Cat(container.program, ": executable file not found in $PATH");
      }
      return Cat(container.program, ": ", why);
    default:
      return std::string(why);
  }
}

void Supervisor::Supervision::Stop(const StopOrder& order) {
  const auto found = live_.find(Number(order.id));
  if (found == live_.end()) {
    if (waiting_.contains(Number(order.id))) return EndWaiting(order.id);
    const std::lock_guard lock(mutex_);
    if (!launching_.contains(Number(order.id))) return;
    const auto [earlier, is_new] = early_stops_.try_emplace(Number(order.id), order.grace);
    if (!is_new) earlier->second = std::min(earlier->second, order.grace);
    return;
  }
  found->second.stopping = true;
  if (order.grace <= milliseconds::zero()) return Kill(found->second);
  const Container& container = *found->second.container;
  SignalTo(container,
           container.order ? container.order->spec.stop_signal.value_or(kUsualStopSignal) : kUsualStopSignal);
  SetDeadline(order.grace, order.id, Due::kKill);
}

void Supervisor::Supervision::Kill(Live& live) {
  if (std::exchange(live.killed, true)) return;
  SetDeadline(kill_patience_, live.container->id, Due::kGiveUp);
  if (live.container->owns_pids) return SignalTo(*live.container, SIGKILL);
  SignalTo(*live.container, kKillAllSignal);
  SetDeadline(kKillAllPatience, live.container->id, Due::kKillInit);
}

// A process that hangs in the kernel cannot be waited for: its end is told, and its pod goes on.
void Supervisor::Supervision::GiveUp(Live& live) {
  if (std::exchange(live.given_up, true)) return;
  Container& container = *live.container;
  const std::string why = Cat("process ", container.pid, " was killed and does not end: it hangs in the kernel");
  if (container.exec_in) {
    return TellExecEnd(live, {ExecId{Number(container.id)}, ExecOutcome::kTimedOut, kKilledCode, why});
  }
  for (const ContainerId id : live.execs) {
    if (const auto found = live_.find(Number(id)); found != live_.end()) Kill(found->second);
  }
  for (const Source source : {Source::kStdout, Source::kStderr}) Close(live, source);
  Tell(Cat("container ", container.name, ": ", why));
  const Time now = Now();
  if (container.log) container.log->Finish(now);
  if (live.log_has_lines) CloseLog(live);
  Deliver(container, {.container = container.id,
                      .exit_code = kKilledCode,
                      .reason = ExitReason::kError,
                      .message = why,
                      .started_at = container.started_at,
                      .finished_at = now});
}

void Supervisor::Supervision::SignalTo(const Container& container, int signal) {
  syscall(SYS_pidfd_send_signal, container.pidfd.get(), signal, nullptr, 0);
}

void Supervisor::Supervision::ReadReports() {
  StartFailure failure;
  while (read(context_->report_read.get(), &failure, sizeof failure) == sizeof failure) {
    start_failures_[failure.serial] = failure;
  }
}

std::optional<StartFailure> Supervisor::Supervision::TakeStartFailure(const Container& container) {
  ReadReports();
  const auto node = start_failures_.extract(Number(container.id));
  return node ? std::optional(node.mapped()) : std::nullopt;
}

void Supervisor::Supervision::ReadOutput(Live& live, Stream stream) {
  Container& container = *live.container;
  const auto source = static_cast<std::size_t>(stream);
  const ssize_t n = read(container.output[source].get(), buffer_.data(), buffer_.size());
  if (n > 0) container.log->Append(stream, {buffer_.data(), static_cast<std::size_t>(n)}, Now());
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) Close(live, static_cast<Source>(source));
}

void Supervisor::Supervision::Pause(Live& live) {
  live.paused = true;
  const Container& container = *live.container;
  for (std::size_t i = 0; i < container.output.size(); ++i) {
    if (std::exchange(live.watched[i], false)) poller_.Remove(container.output[i].get());
  }
  SetDeadline(log_patience_, container.id, Due::kReadAgain);
}

void Supervisor::Supervision::ReadAgain(Live& live) {
  live.paused = false;
  Watch(live);
}

// What was written before the end is in the pipe, and a pipe holds only so much; what a process that got away writes
// now is not the container's.
void Supervisor::Supervision::ReadTheRest(Live& live, Stream stream, Time now) {
  Container& container = *live.container;
  const Fd& fd = container.output[static_cast<std::size_t>(stream)];
  if (!fd.ok()) return;
  const int capacity = fcntl(fd.get(), F_GETPIPE_SZ);
  std::int64_t left = capacity > 0 ? capacity : kUsualPipeBytes;
  while (left > 0) {
    const auto size = std::min(static_cast<std::int64_t>(buffer_.size()), left);
    const ssize_t n = read(fd.get(), buffer_.data(), static_cast<std::size_t>(size));
    if (n <= 0) break;
    container.log->Append(stream, {buffer_.data(), static_cast<std::size_t>(n)}, now);
    left -= n;
  }
}

void Supervisor::Supervision::Reap(Live& live) {
  Container& container = *live.container;
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(container.pidfd.get()), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
    return;
  }
  const int exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  if (live.given_up) {
    Close(live, Source::kProcess);
    live_.erase(Number(container.id));
    return;
  }
  if (container.exec_in) return ReapExec(live, exit_code);
  for (const ContainerId id : live.execs) {
    if (const auto found = live_.find(Number(id)); found != live_.end()) Kill(found->second);
  }
  ContainerExit exit{.container = container.id, .started_at = container.started_at, .finished_at = Now()};
  exit.exit_code = exit_code;
  if (exit_code != 0) exit.reason = ExitReason::kError;
  const auto failure = exit_code == kStartErrorCode ? TakeStartFailure(container) : std::nullopt;
  if (failure) {
    exit.reason = ExitReason::kStartError;
    exit.message = StartFailureText(container, *failure);
  } else if (exit_code != 0 && (live.over_memory || container.cgroup.OomKills() > 0)) {
    exit.reason = ExitReason::kOomKilled;
  }
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    ReadTheRest(live, stream, exit.finished_at);
    Close(live, static_cast<Source>(stream));
  }
  Close(live, Source::kProcess);
  if (failure && LackedResources(container, *failure) && !live.killed && !live.stopping) {
    const auto node = live_.extract(Number(container.id));
    return PutOff(*node.mapped().container, exit.message);
  }
  Finish(live, std::move(exit));
}

void Supervisor::Supervision::ReapExec(Live& live, int exit_code) {
  Container& process = *live.container;
  ExecEnd end{.exec = ExecId{Number(process.id)}, .exit_code = exit_code, .message = process.start_error};
  if (exit_code == kStartErrorCode) {
    if (const auto failure = TakeStartFailure(process)) end.message = StartFailureText(process, *failure);
  }
  if (!end.message.empty()) {
    end.outcome = ExecOutcome::kNotStarted;
  } else if (live.timed_out) {
    end.outcome = ExecOutcome::kTimedOut;
  }
  Close(live, Source::kProcess);
  const auto node = live_.extract(Number(process.id));  // keeps it alive to the end of this function
  TellExecEnd(node.mapped(), std::move(end));
}

void Supervisor::Supervision::TellExecEnd(Live& live, ExecEnd end) {
  const Container& process = *live.container;
  const auto host = live_.find(Number(*process.exec_in));
  if (host != live_.end()) std::erase(host->second.execs, process.id);
  --process.sandbox->containers;
  if (context_->events.exec_ended) context_->events.exec_ended(std::move(end));
}

void Supervisor::Supervision::Close(Live& live, Source source) {
  const auto index = static_cast<std::size_t>(source);
  Fd& fd = source == Source::kProcess ? live.container->pidfd : live.container->output[index];
  if (fd.ok() && std::exchange(live.watched[index], false)) poller_.Remove(fd.get());
  fd.Reset();
}

void Supervisor::Supervision::Finish(Live& live, ContainerExit exit) {
  const ContainerId id = live.container->id;
  const auto node = live_.extract(Number(id));  // keeps it alive to the end of this function
  if (live.container->log) live.container->log->Finish(exit.finished_at);
  if (!live.log_has_lines) return Deliver(*live.container, std::move(exit));
  const auto deadline = SetDeadline(log_patience_, id, Due::kDeliver);
  CloseLog(live);
  closing_.emplace(Number(id), Closing{std::move(live.container), std::move(exit), deadline});
}

// Or it has taken too long: then the exit does not wait for it.
void Supervisor::Supervision::LogIsComplete(ContainerId id) {
  const auto node = closing_.extract(Number(id));
  if (!node) return;  // given up before
  deadlines_.erase(node.mapped().deadline);
  Deliver(*node.mapped().container, std::move(node.mapped().exit));
}

void Supervisor::Supervision::Deliver(Container& container, ContainerExit exit) {
  exit.sandbox = container.sandbox->id;
  std::string message = TakeTerminationMessage(container);
  if (exit.message.empty()) exit.message = std::move(message);
  if (exit.message.empty() && exit.exit_code != 0 && container.last_lines) exit.message = container.last_lines->Text();
  if (!container.cgroup.Remove()) clean_up_.Add(std::move(container.cgroup));
  --container.sandbox->containers;
  context_->events.exited(std::move(exit));
}

}  // namespace reprieve::runtime
