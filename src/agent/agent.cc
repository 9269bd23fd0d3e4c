#include "agent/agent.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

#include "agent/barrier_server.h"
#include "agent/worker.h"
#include "base/text.h"

namespace reprieve::agent {
namespace {

constexpr int kSignalCode = 128;
constexpr int kFailed = 1;

// SIGINT and SIGTERM as a descriptor.
runtime::Fd TakeSignals() {
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGINT);
  sigaddset(&taken, SIGTERM);
  sigprocmask(SIG_BLOCK, &taken, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return runtime::Fd(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
}

class Agent {
 public:
  Agent(const Options& options, JobSetLink& link, const std::function<void(const std::string&)>& say)
      : options_(options), link_(link), say_(say), signals_(TakeSignals()) {}

  int Run() {
    while (!code_) {
      Wait();
      TakeSignal();
      const auto now = Clock::now();
      if (const auto news = link_.Go(now)) Hear(*news);
      if (barrier_) barrier_->Go(now);
      if (worker_ && !code_) LookAtWorker();
    }
    return *code_;
  }

 private:
  void Wait() const {
    pollfd polled[] = {{signals_.get(), POLLIN, 0},
                       link_.poll_request(),
                       {worker_ ? worker_->fd() : -1, POLLIN, 0},
                       {barrier_ ? barrier_->fd() : -1, POLLIN, 0}};
    auto due = link_.due();
    if (const auto other = barrier_ ? barrier_->due() : std::nullopt) due = std::min(due.value_or(*other), *other);
    int millis = -1;
    if (due) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now()).count();
      millis = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
    }
    poll(polled, std::size(polled), millis);
  }

  void TakeSignal() {
    signalfd_siginfo info{};
    if (read(signals_.get(), &info, sizeof info) != sizeof info) return;
    const int signal = static_cast<int>(info.ssi_signo);
    if (!worker_) return End(kSignalCode + signal);
    worker_->Signal(signal);
    if (!ended_by_) ended_by_ = signal;
  }

  void Hear(const policy::InPlaceNews& news) {
    if (ended_by_) return;  // the pod is ending; nothing else matters
    const policy::InPlaceStep step = policy_.Hear(news);
    if (step.report) {
      link_.Report(*step.report);
      say_(Cat("attempt ", *step.report, ": waits until all pods of JobSet ", options_.jobset, " have reached it"));
    }
    if (step.restart) return Restart();
    if (step.lift) Lift();
  }

  void Restart() {
    say_(Cat("attempt ", *policy_.attempt(), " is over: exits ", options_.exit_code,
             ", so that the pod restarts in place"));
    if (worker_) worker_->Kill();
    End(options_.exit_code);
  }

  void Lift() {
    const std::string why = policy_.attempt() ? Cat("attempt ", *policy_.attempt(), ": all pods have reached it")
                                              : Cat("JobSet ", options_.jobset, " does not restart in place");
    return options_.sidecar() ? AnswerProbes(why) : StartWorker(why);
  }

  void StartWorker(const std::string& why) {
    say_(Cat(why, "; the worker begins"));
    auto started = Worker::Start(options_.worker_command);
    if (!started) return Fail(started.error());
    worker_.emplace(std::move(*started));
  }

  void AnswerProbes(const std::string& why) {
    auto listening = BarrierServer::Listen(options_.probe_address, options_.probe_port, options_.probe_path);
    if (!listening) return Fail(listening.error());
    barrier_.emplace(std::move(*listening));
    say_(Cat(why, "; the startup probe is answered at port ", options_.probe_port));
  }

  void LookAtWorker() {
    const auto code = worker_->Ended();
    if (code) End(ended_by_ ? kSignalCode + *ended_by_ : *code);
  }

  void Fail(const Error& error) {
    say_(error.message);
    End(kFailed);
  }

  void End(int code) { code_ = code; }

  const Options& options_;
  JobSetLink& link_;
  const std::function<void(const std::string&)>& say_;
  const runtime::Fd signals_;
  policy::InPlaceAgent policy_;
  std::optional<Worker> worker_;
  std::optional<BarrierServer> barrier_;
  std::optional<int> ended_by_;  // the signal that was passed on to the worker
  std::optional<int> code_;
};

}  // namespace

int Run(const Options& options, JobSetLink& link, const std::function<void(const std::string&)>& say) {
  return Agent(options, link, say).Run();
}

}  // namespace reprieve::agent
