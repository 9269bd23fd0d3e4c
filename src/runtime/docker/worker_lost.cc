// Worker: the engine is gone, and is back. What was running is looked for by its id: it goes on (Podman, or Docker with
// live-restore), has ended meanwhile, or was ended by the engine, which is no exit of the program.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/text.h"
#include "runtime/docker/engine_socket.h"
#include "runtime/docker/worker.h"

namespace reprieve::runtime::docker {
namespace {

constexpr Nanoseconds kFirstDelay = std::chrono::milliseconds(100);
constexpr Nanoseconds kLongestDelay = Seconds(5);
constexpr int kUnknownCode = 255;  // Docker's, for what it has lost sight of

Time Now() {
  return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
}

// How long it has run by the engine's clock, which may differ from ours.
Nanoseconds RunningTime(const document::Value& state) {
  const auto from = ParseRfc3339(state["StartedAt"].AsText());
  const auto to = ParseRfc3339(state["FinishedAt"].AsText());
  return from && to ? std::max(*to - *from, Nanoseconds(0)) : Nanoseconds(0);
}

bool NeverStarted(const document::Value& state) {
  return state["Status"].AsText() == "created" || state["Status"].AsText() == "initialized";
}

// The process that the OCI runtime made for it, and that becomes its program.
pid_t ProcessOf(const document::Value& state) {
  return static_cast<pid_t>(state["Pid"].AsInt());
}

// One in a PID namespace that is not ours looks gone, too: its start is not tried again then either.
bool IsGone(pid_t process) {
  return kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace

void Worker::Lost(Container& container) {
  container.CloseStreams();
  container.output_ended = true;
  container.stage = Container::Stage::kLost;
  if (reconnect_.pending()) return;
  reconnect_delay_ = kFirstDelay;
  reconnect_.After(reconnect_delay_, [this] { LookForEngine(); });
}

bool Worker::EngineListens() const {
  return !FindEngineSocket({.named = engine_.identity().socket}).path.empty();
}

void Worker::LookForEngine() {
  Ask({.path = "/_ping"}, [this](const EngineReply& reply) {
    // One that shuts down may answer on a connection that is open, and would be asked in vain, again and again.
    if (reply.ok() && EngineListens()) return EngineIsBack();
    if (!std::exchange(engine_gone_, true)) {
      Tell(Cat(engine_.identity().Describe(), " does not answer; its containers are looked for until it does"));
    }
    reconnect_delay_ = std::min(2 * reconnect_delay_, kLongestDelay);
    reconnect_.After(reconnect_delay_, [this] { LookForEngine(); });
  });
}

void Worker::EngineIsBack() {
  if (std::exchange(engine_gone_, false)) Tell(Cat(engine_.identity().Describe(), " answers again"));
  std::vector<ContainerId> lost;
  for (const auto& [id, container] : containers_) {
    if (container->stage == Container::Stage::kLost) lost.push_back(id);
  }
  for (const ContainerId id : lost) LookForContainer(id);
  const std::map<SandboxId, std::shared_ptr<Pod>> pods = pods_;
  for (const auto& [id, pod] : pods) LookAtPod(pod, [](bool) {});
}

void Worker::LookForContainer(ContainerId id) {
  Container* container = Find(id);
  if (container == nullptr) return;
  Ask({.path = Cat("/containers/", container->engine_id, "/json")}, [this, id](const EngineReply& reply) {
    Container* found = Find(id);
    if (found == nullptr || found->stage != Container::Stage::kLost) return;
    if (reply.ok()) return Found(*found, reply.body["State"]);
    if (reply.status != 404) return Lost(*found);
    if (found->started_at == Time{}) found->started_at = Now();
    Ended(*found, kKilledCode, true);
  });
}

void Worker::Found(Container& container, const document::Value& state) {
  const bool running = state["Running"].AsBool();
  if (NeverStarted(state)) {
    container.stage = Container::Stage::kMaking;
    const bool asked = std::exchange(container.asked_to_start, false);
    const bool asked_again = asked && container.start_was_cut;
    container.start_was_cut = container.start_was_cut || asked;
    const pid_t process = ProcessOf(state);
    if (asked && process > 0 && (asked_again || IsGone(process))) return RanUnseen(container);
    if (!GiveUpStart(container)) OpenOutput(container);
    return;
  }
  if (container.started_at == Time{}) {
    container.started_at = Now() - (running ? Nanoseconds(0) : RunningTime(state));
    if (events_.started) events_.started({container.id, container.pod->id, container.started_at});
  }
  container.stage = Container::Stage::kRunning;
  FollowLogs(container, running);
  if (running) {
    OpenWait(container);
    if (container.killed) return Kill(container);
    if (container.stopping) return Signal(container, StopSignalOf(container));
    return;
  }
  const int code = static_cast<int>(state["ExitCode"].AsInt());
  const bool ended_by_engine =
      !podman_ && !container.stopping && (code == kKilledCode || code == kTerminatedCode || code == kUnknownCode);
  const bool out_of_memory = state["OOMKilled"].AsBool();
  const Time ended_at = container.started_at + RunningTime(state);
  // What it has said is still to come: it is not told before.
  Ended(container, code, ended_by_engine && !out_of_memory);
  container.exit->finished_at = std::min(container.exit->finished_at, ended_at);
  if (out_of_memory) container.exit->reason = ExitReason::kOomKilled;
}

// The OCI runtime that the engine left behind may have started it meanwhile, and refuses to do so again.
void Worker::LookAtRefusedStart(Container& container, std::string why) {
  Ask({.path = Cat("/containers/", container.engine_id, "/json")},
      [this, id = container.id, why = std::move(why)](const EngineReply& reply) mutable {
        Container* found = Find(id);
        if (found == nullptr || found->stage != Container::Stage::kStarting) return;
        if (reply.no_answer()) return Lost(*found);
        const document::Value& state = reply.body["State"];
        if (!reply.ok() || (NeverStarted(state) && ProcessOf(state) <= 0)) return StartRefused(*found, std::move(why));
        found->CloseStreams();
        if (NeverStarted(state)) return RanUnseen(*found);
        Found(*found, state);
      });
}

// Podman 4.3 takes no notice of a start that went on without it: to it the container is `created` for good, its exit
// code is told to nobody, and once it has ended another start would run it a second time. It is given up instead.
void Worker::RanUnseen(Container& container) {
  Tell(Cat("container ", container.spec.name, " of pod ", container.pod->spec.name, " was started while ",
           engine_.identity().Describe(),
           " went away, which can't tell its exit code now: it is ended, as a disruption"));
  container.started_at = Now();
  if (events_.started) events_.started({container.id, container.pod->id, container.started_at});
  container.stage = Container::Stage::kRunning;
  FollowLogs(container, false);
  Ended(container, kKilledCode, true);
}

// From its beginning: the engine has kept it. What we have had already is skipped, byte by byte.
void Worker::FollowLogs(Container& container, bool follow) {
  const ContainerId id = container.id;
  container.bytes_to_skip = container.bytes_seen;
  container.output_ended = false;
  container.frames = std::make_unique<OutputFrames>([this, id](Stream stream, std::string_view bytes) {
    if (Container* found = Find(id)) Output(*found, stream, bytes);
  });
  net::StreamHandlers handlers;
  handlers.head = [this, id](const net::Response& head) {
    if (head.status != 200) OutputEnded(id);
  };
  handlers.data = [this, id](std::string_view bytes) {
    Container* found = Find(id);
    if (found == nullptr || found->output_ended) return;
    if (!found->frames->Put(bytes)) OutputEnded(id);
  };
  handlers.end = [this, id](const std::optional<net::Failure>&) { OutputEnded(id); };
  container.output = engine_.Open(
      {.path = Cat("/containers/", container.engine_id, "/logs?stdout=true&stderr=true", follow ? "&follow=true" : ""),
       .timeout = kWaitForever},
      std::move(handlers));
}

}  // namespace reprieve::runtime::docker
