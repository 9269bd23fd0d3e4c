// What becomes of a start: a container that runs, one that never will, or one that is to be tried again.
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "runtime/supervision.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWatchAgainAfter{20};
constexpr milliseconds kStartAgainAfter{100};
constexpr milliseconds kWriteLogAfter{5};
constexpr std::size_t kLogBytesAtOnce = 32 * 1024;

}  // namespace

void Supervisor::Supervision::Admit(std::unique_ptr<Container> container) {
  if (container->exec_in) return AdmitExec(std::move(container));
  if (!container->pidfd.ok()) {
    if (container->lacks_resources) return PutOff(*container, container->start_error);
    return NeverStarted(*container);
  }
  const ContainerId id = container->id;
  const auto early_stop = early_stops_.extract(Number(id));
  Live& live = live_[Number(id)];
  live.container = std::move(container);
  const Container& admitted = *live.container;
  if (!std::exchange(admitted.order->told_started, true) && context_->events.started) {
    context_->events.started({id, admitted.sandbox->id, admitted.started_at});
  }
  OpenLog(live);
  Watch(live);
  if (admitted.watched_memory_bytes) SetDeadline(kLookAtMemoryAfter, id, Due::kLookAtMemory);
  if (admitted.sandbox->removing) {
    Kill(live);
  } else if (early_stop) {
    Stop({id, early_stop.mapped()});
  }
}

void Supervisor::Supervision::NeverStarted(Container& container) {
  early_stops_.erase(Number(container.id));
  const bool removed = container.sandbox->removing;
  const Time now = Now();
  Deliver(container, {.container = container.id,
                      .exit_code = removed ? kKilledCode : kStartErrorCode,
                      .reason = removed ? ExitReason::kError : ExitReason::kStartError,
                      .message = container.start_error,
                      .started_at = now,
                      .finished_at = now});
}

// For want of what we need ourselves: the program has done nothing, and nothing is told of it.
void Supervisor::Supervision::PutOff(Container& container, const std::string& why) {
  if (!container.cgroup.Remove()) clean_up_.Add(std::move(container.cgroup));
  const std::shared_ptr<LaunchOrder> order = container.order;
  ++order->tries;
  waiting_.emplace(Number(order->id), order);
  if (ending_ || order->sandbox->removing || early_stops_.contains(Number(order->id))) return EndWaiting(order->id);
  if (!std::exchange(told_of_waiting_, true)) {
    const std::string& pod = order->sandbox->spec.name;
    Tell(Cat(pod.empty() ? "" : Cat("pod ", pod, ": "), "container ", container.name, " did not start: ", why,
             "; starts that lack what this machine has too little of are retried until there is enough, and are no "
             "failures"));
  }
  SetDeadline(kStartAgainAfter, order->id, Due::kStartAgain);
}

void Supervisor::Supervision::StartAgain(ContainerId id) {
  const auto node = waiting_.extract(Number(id));
  if (!node) return;
  {
    const std::lock_guard lock(mutex_);
    launching_.insert(Number(id));
    orders_.push_back(node.mapped());
  }
  orders_ready_.notify_one();
}

void Supervisor::Supervision::EndWaiting(ContainerId id) {
  const auto node = waiting_.extract(Number(id));
  if (!node) return;
  early_stops_.erase(Number(id));
  const LaunchOrder& order = *node.mapped();
  Container ended;
  ended.id = order.id;
  ended.sandbox = order.sandbox;
  const Time now = Now();
  Deliver(ended, {.container = order.id,
                  .exit_code = kKilledCode,
                  .reason = ExitReason::kError,
                  .message = "it was stopped before it could start",
                  .started_at = now,
                  .finished_at = now});
}

void Supervisor::Supervision::BeginExec(ExecOrder order) {
  const auto refuse = [&](const std::string& why) {
    if (!context_->events.exec_ended) return;
    context_->events.exec_ended({ExecId{Number(order.id)}, ExecOutcome::kNotStarted, 0, why});
  };
  const auto found = live_.find(Number(order.target.container));
  if (found == live_.end() || found->second.killed) return refuse("the container does not run");
  Live& live = found->second;
  order.target.pidfd = Fd(fcntl(live.container->pidfd.get(), F_DUPFD_CLOEXEC, 0));
  if (!order.target.pidfd.ok()) return refuse(Cat("cannot open its container's process: ", strerrordesc_np(errno)));
  live.execs.push_back(order.id);
  order.target.sandbox = live.container->sandbox;
  order.target.cgroup_fds = live.container->cgroup.OpenJoinFds();
  ++order.target.sandbox->containers;
  {
    const std::lock_guard lock(mutex_);
    exec_orders_.push_back(std::move(order));
  }
  orders_ready_.notify_one();
}

void Supervisor::Supervision::AdmitExec(std::unique_ptr<Container> process) {
  Live& live = live_[Number(process->id)];
  live.container = std::move(process);
  const Container& admitted = *live.container;
  if (!admitted.pidfd.ok()) return ReapExec(live, kStartErrorCode);
  Watch(live);
  SetDeadline(admitted.timeout, admitted.id, Due::kTimeOut);
  const auto host = live_.find(Number(*admitted.exec_in));
  if (admitted.sandbox->removing || host == live_.end() || host->second.given_up) Kill(live);
}

void Supervisor::Supervision::OpenLog(Live& live) {
  Container& container = *live.container;
  if (!container.output[0].ok()) return;
  CriLog::Sink sink;
  if (!container.log_path.empty()) {
    sink = [this, &live](std::string&& lines, std::int64_t count) {
      live.log_has_lines = true;
      live.unwritten += lines;
      live.unwritten_lines += count;
      if (live.unwritten.size() >= kLogBytesAtOnce) return WriteLog(live);
      if (!std::exchange(live.log_is_due, true)) SetDeadline(kWriteLogAfter, live.container->id, Due::kWriteLog);
    };
  }
  CriLog::LineTap tap;
  if (container.order->spec.message_from_output) container.last_lines = std::make_unique<LastLines>();
  if (context_->events.line || container.last_lines) {
    tap = [id = container.id, last = container.last_lines.get(), &line = context_->events.line](Stream stream,
                                                                                                std::string_view text) {
      if (last != nullptr) last->Add(text);
      if (line) line(id, stream, text);
    };
  }
  container.log = std::make_unique<CriLog>(std::move(sink), std::move(tap));
}

void Supervisor::Supervision::WriteLog(Live& live) {
  if (live.unwritten.empty()) return;
  const Container& of = *live.container;
  const std::int64_t count = std::exchange(live.unwritten_lines, 0);
  if (!log_writer_->Write(of.id, of.log_path, std::exchange(live.unwritten, {}), count)) Pause(live);
}

void Supervisor::Supervision::CloseLog(Live& live) {
  const Container& of = *live.container;
  log_writer_->Close(of.id, of.log_path, std::exchange(live.unwritten, {}), live.unwritten_lines);
}

void Supervisor::Supervision::Watch(Live& live) {
  Container& container = *live.container;
  bool refused = false;
  const auto watch = [&](Source source, const Fd& fd) {
    bool& watched = live.watched[static_cast<std::size_t>(source)];
    if (!fd.ok() || watched) return;
    watched = poller_.Add(fd.get(), Number(container.id) << 2 | static_cast<std::uint64_t>(source));
    refused |= !watched;
  };
  if (!live.paused) {
    watch(Source::kStdout, container.output[0]);
    watch(Source::kStderr, container.output[1]);
  }
  watch(Source::kProcess, container.pidfd);
  if (refused) SetDeadline(kWatchAgainAfter, container.id, Due::kWatchAgain);
}

void Supervisor::Supervision::WatchAgain(Live& live) {
  const std::uint64_t id = Number(live.container->id);
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    const auto source = static_cast<std::size_t>(stream);
    if (live.container->output[source].ok() && !live.watched[source] && !live.paused) ReadOutput(live, stream);
  }
  if (!live.watched[static_cast<std::size_t>(Source::kProcess)]) Reap(live);
  // It may have ended.
  if (const auto found = live_.find(id); found != live_.end()) Watch(found->second);
}

}  // namespace reprieve::runtime
