// Worker: stops, output, exits, and the removal of what has ended.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "runtime/docker/worker.h"
#include "runtime/no_links.h"

namespace reprieve::runtime::docker {
namespace {

constexpr std::size_t kTerminationMessageBytes = 4096;
// An engine with more requests than that to answer is busy.
constexpr int kMostAsking = 4;
// A program that has closed its output may run on for days.
constexpr int kMostLooksForEnd = 3;
constexpr Nanoseconds kBetweenLooksForEnd = std::chrono::milliseconds(20);

Time Now() {
  return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
}

std::string TakeTerminationMessage(const std::string& file) {
  if (file.empty()) return {};
  std::string out(kTerminationMessageBytes, '\0');
  const Fd fd = OpenWithoutLinks(file, O_RDONLY | O_NONBLOCK);
  const ssize_t n = fd.ok() ? read(fd.get(), out.data(), out.size()) : 0;
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  unlink(file.c_str());
  return out;
}

bool HasEnded(const document::Value& state) {
  const std::string& status = state["Status"].AsText();
  return !state["Running"].AsBool() && (status == "exited" || status == "stopped") && state["ExitCode"].AsInt() >= 0;
}

// An end that a signal of somebody else's may have brought about.
bool LooksKilled(int exit_code) {
  return exit_code == kKilledCode || exit_code == kTerminatedCode;
}

}  // namespace

void Worker::Stop(ContainerId id, milliseconds grace) {
  Container* container = Find(id);
  if (container == nullptr) return;
  container->stopping = true;
  switch (container->stage) {
    case Container::Stage::kMaking:
      return;  // the answer that it waits for will find it stopping
    case Container::Stage::kStarting:
    case Container::Stage::kRunning:
    case Container::Stage::kLost:
      break;
    case Container::Stage::kEnded:
    case Container::Stage::kClosing:
    case Container::Stage::kRemoving:
      return;
  }
  if (grace <= milliseconds(0)) return Kill(*container);
  if (!container->kill_timer) {
    // One that is starting, or lost, gets it once it is known to run.
    if (container->stage == Container::Stage::kRunning) Signal(*container, StopSignalOf(*container));
    container->kill_timer = std::make_unique<net::Timer>(engine_.loop());
  }
  container->kill_timer->After(grace, [this, id] {
    if (Container* found = Find(id)) Kill(*found);
  });
}

std::string Worker::StopSignalOf(const Container& container) {
  return Cat(container.spec.stop_signal.value_or(container.image->stop_signal.value_or(kUsualStopSignal)));
}

// Asked again should it be lost now: the engine may come back with it running.
void Worker::Kill(Container& container) {
  container.killed = true;
  Signal(container, "KILL");
  if (!container.kill_timer) container.kill_timer = std::make_unique<net::Timer>(engine_.loop());
  container.kill_timer->After(options_.kill_patience, [this, id = container.id] {
    Container* found = Find(id);
    if (found == nullptr || found->exit) return;
    Tell(Cat("container ", found->spec.name, " was killed and does not end: its engine, or the kernel, holds it"));
    found->output_ended = true;
    if (found->started_at == Time{}) found->started_at = Now();
    Ended(*found, kKilledCode);
  });
}

// One that has ended already can't be signalled, which is no error.
void Worker::Signal(Container& container, std::string signal) {
  Ask({.method = "POST", .path = Cat("/containers/", container.engine_id, "/kill?signal=", signal)},
      [](const EngineReply&) {});
}

void Worker::Output(Container& container, Stream stream, std::string_view bytes) {
  const auto index = static_cast<std::size_t>(stream);
  std::uint64_t& skip = container.bytes_to_skip[index];
  const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(skip, bytes.size()));
  skip -= known;
  bytes.remove_prefix(known);
  if (bytes.empty()) return;
  container.bytes_seen[index] += bytes.size();
  container.log->Append(stream, bytes, Now());
}

void Worker::OutputEnded(ContainerId id) {
  Container* container = Find(id);
  if (container == nullptr) return;
  container->output_ended = true;
  container->output.reset();
  if (container->stage == Container::Stage::kRunning) LookForEnd(*container);
  FinishIfComplete(*container);
}

// The answer comes once the program has ended; a connection that is cut says nothing of it.
void Worker::WaitEnded(ContainerId id, bool whole) {
  Container* container = Find(id);
  if (container == nullptr || container->exit) return;
  container->wait.reset();
  const auto answer = document::ParseJson(container->wait_text);
  const bool known = whole && answer && (*answer)["StatusCode"].IsNumber() && (*answer)["Error"]["Message"].IsEmpty();
  const std::int64_t code = known ? (*answer)["StatusCode"].AsInt() : -1;
  // Podman says -1 of what it has lost sight of.
  if (code < 0) return Lost(*container);
  Ended(*container, static_cast<int>(code));
}

// Most programs end when their output does. Podman answers a wait by looking four times a second, and so up to 250 ms
// late, but shows the end at once to an inspect. A busy engine is not asked, since that would take time from its other
// requests.
void Worker::LookForEnd(Container& container) {
  if (!podman_ || container.exit || asking_ > kMostAsking || container.looks_for_end++ >= kMostLooksForEnd) return;
  Ask({.path = Cat("/containers/", container.engine_id, "/json")}, [this, id = container.id](const EngineReply& reply) {
    Container* found = Find(id);
    if (found == nullptr || found->exit || found->stage != Container::Stage::kRunning || !reply.ok()) return;
    const document::Value& state = reply.body["State"];
    if (HasEnded(state)) {
      found->wait.reset();
      return Ended(*found, static_cast<int>(state["ExitCode"].AsInt()));
    }
    found->patience = std::make_unique<net::Timer>(engine_.loop());
    found->patience->After(kBetweenLooksForEnd, [this, id] {
      Container* waiting = Find(id);
      if (waiting != nullptr && waiting->stage == Container::Stage::kRunning) LookForEnd(*waiting);
    });
  });
}

void Worker::Ended(Container& container, int exit_code, bool by_engine) {
  ContainerExit exit{.container = container.id, .sandbox = container.pod->id, .exit_code = exit_code};
  exit.reason = exit_code == 0 ? ExitReason::kCompleted : ExitReason::kError;
  exit.engine_lost = by_engine;
  exit.finished_at = Now();
  exit.started_at = std::min(container.started_at, exit.finished_at);
  container.exit = std::move(exit);
  container.kill_timer.reset();
  // The answer to the start is still to come, and says whether there was one.
  if (container.stage == Container::Stage::kStarting) return;
  container.stage = Container::Stage::kEnded;
  LookAtEnd(container);
}

void Worker::LookAtEnd(Container& container) {
  const ContainerId id = container.id;
  container.patience = std::make_unique<net::Timer>(engine_.loop());
  container.patience->After(options_.output_patience, [this, id] { OutputEnded(id); });
  const int code = container.exit->exit_code;
  if (container.oom && *container.oom != 0) {
    if (code != 0 && oom_watch_.OomKilled(*container.oom)) container.exit->reason = ExitReason::kOomKilled;
    oom_watch_.Forget(*container.oom);
    container.oom.reset();
  }
  const bool may_be_oom = code != 0 && container.spec.limits.memory_bytes && !podman_;
  const bool may_be_engine = LooksKilled(code) && !container.stopping && !podman_;
  if (!may_be_oom && !may_be_engine) return FinishIfComplete(container);
  container.looking = true;
  Ask({.path = Cat("/containers/", container.engine_id, "/json")}, [this, id, may_be_engine](const EngineReply& reply) {
    Container* found = Find(id);
    if (found == nullptr || !found->exit) return;
    found->looking = false;
    if (reply.ok() && reply.body["State"]["OOMKilled"].AsBool()) found->exit->reason = ExitReason::kOomKilled;
    // An engine that shuts down ends its containers.
    if (may_be_engine && (reply.no_answer() || !EngineListens())) found->exit->engine_lost = true;
    FinishIfComplete(*found);
  });
}

void Worker::FinishIfComplete(Container& container) {
  if (container.stage != Container::Stage::kEnded || !container.exit || !container.output_ended || container.looking) {
    return;
  }
  Finish(container);
}

void Worker::Finish(Container& container) {
  container.patience.reset();
  container.kill_timer.reset();
  container.wait.reset();
  container.stage = Container::Stage::kClosing;
  if (container.log) container.log->Finish(container.exit->finished_at);
  if (!container.log_has_lines) return Deliver(container);
  // The disk may take nothing: the exit does not wait for it forever.
  container.patience = std::make_unique<net::Timer>(engine_.loop());
  container.patience->After(options_.log.patience, [this, id = container.id] {
    if (Container* found = Find(id)) Deliver(*found);
  });
  log_writer_->Close(container.id, container.spec.log_path, {}, 0);
}

void Worker::Deliver(Container& container) {
  ContainerExit exit = std::move(*container.exit);
  EndExecsOf(container);
  std::string message = TakeTerminationMessage(std::exchange(container.termination_file, {}));
  if (exit.message.empty()) exit.message = std::move(message);
  if (exit.message.empty() && exit.exit_code != 0 && container.last_lines) exit.message = container.last_lines->Text();
  events_.exited(std::move(exit));
  Remove(container);
}

// Of the engine; what it does not remove at once is asked for a few times.
void Worker::Remove(Container& container) {
  const ContainerId id = container.id;
  if (!container.termination_file.empty()) unlink(container.termination_file.c_str());
  if (container.oom) oom_watch_.Forget(*container.oom);
  container.CloseStreams();
  container.patience.reset();
  container.kill_timer.reset();
  container.stage = Container::Stage::kRemoving;
  if (container.engine_id.empty()) return Forget(id);
  Ask({.method = "DELETE", .path = Cat("/containers/", container.engine_id, "?force=true&v=true")},
      [this, id](const EngineReply& reply) {
        Container* found = Find(id);
        if (found == nullptr) return;
        if (reply.ok() || reply.status == 404) return Forget(id);
        if (!reply.no_answer() && ++found->removals < kMostRemovals) return Remove(*found);
        unremoved_[found->engine_id] = reply.error;
        Forget(id);
      });
}

void Worker::Forget(ContainerId id) {
  const auto node = containers_.extract(id);
  if (!node) return;
  const std::shared_ptr<Pod> pod = node.mapped()->pod;
  --pod->containers;
  RemovePodIfEmpty(pod);
  LookWhetherAllIsGone();
}

}  // namespace reprieve::runtime::docker
