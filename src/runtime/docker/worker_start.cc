// Worker: from an image to a running program.
//
// Its output is attached and its end is waited for before it is asked to start, so that nothing of either is missed.
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "net/url.h"
#include "runtime/docker/requests.h"
#include "runtime/docker/worker.h"
#include "runtime/no_links.h"

namespace reprieve::runtime::docker {
namespace {

Time Now() {
  return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
}

bool IsId(const std::string& image) {
  return image.starts_with("sha256:");
}

bool Mounts(const ContainerSpec& spec, const std::string& path) {
  for (const Mount& mount : spec.mounts) {
    if (mount.container_path == path) return true;
  }
  return false;
}

}  // namespace

// While its pod is made.
void Worker::LookAtImage(Container& container) {
  const std::string name = container.spec.image->name;
  if (const auto known = images_.find(name); known != images_.end()) return ImageIsKnown(container, known->second);
  container.image_is_asked_for = true;
  Ask({.path = Cat("/images/", net::PercentEncode(name), "/json")},
      [this, name, id = container.id](const EngineReply& reply) {
        Container* found = Find(id);
        if (found == nullptr) return;
        found->image_is_asked_for = false;
        // Its pod will say so, or it is asked again.
        if (reply.no_answer() && !found->pod_is_ready) return;
        if (!reply.ok()) return Refuse(id, kCreateError, reply.error);
        ImageConfig image = ImageConfigOf(reply.body);
        if (IsId(name)) images_[name] = image;  // what a name means may change
        ImageIsKnown(*found, std::move(image));
      });
}

void Worker::ImageIsKnown(Container& container, ImageConfig image) {
  container.image = std::move(image);
  CreateIfReady(container);
}

void Worker::CreateIfReady(Container& container) {
  if (!container.pod_is_ready || GiveUpStart(container)) return;
  if (container.image) return Create(container);
  if (!container.image_is_asked_for) LookAtImage(container);
}

void Worker::Create(Container& container) {
  const ContainerId id = container.id;
  const ContainerSpec& spec = container.spec;
  const PodSandboxSpec& pod = container.pod->spec;
  if (spec.image->never_root) {
    if (const auto why = WhyRootInImage(*container.image, spec.uid)) {
      return Refuse(
          id, kConfigError,
          Cat(*why, " (pod: \"", pod.name, "_", pod.namespace_, "(", pod.uid, ")\", container: ", spec.name, ")"));
    }
  }
  if (ArgvOf(*spec.image, *container.image).empty()) return Refuse(id, kCreateError, "no command specified");
  ContainerParts parts{spec,    pod,  *container.image, run_, container.pod->engine_id, OwnMounts(container),
                       podman_, gpus_};
  auto body = ContainerBody(parts);
  if (!body) return Refuse(id, kConfigError, body.error().message);
  const std::uint64_t number = static_cast<std::uint64_t>(id) - DockerRuntime::kFirstId;
  const std::string name = ContainerNameOf(pod, spec.name, spec.attempt, Cat(getpid(), "-", number));
  Ask({.method = "POST", .path = Cat("/containers/create?name=", net::PercentEncode(name)), .json = std::move(*body)},
      [this, id, name](const EngineReply& reply) {
        if (reply.no_answer()) unremoved_.try_emplace(name);
        Container* found = Find(id);
        if (found == nullptr) return;
        if (!reply.ok()) {
          LookAtPod(found->pod, [](bool) {});
          return Refuse(id, kCreateError, reply.error);
        }
        found->engine_id = reply.body["Id"].AsText();
        if (GiveUpStart(*found)) return;
        OpenOutput(*found);
      });
}

// Before the spec's own, which may lie on top of them.
std::vector<Mount> Worker::OwnMounts(Container& container) {
  std::vector<Mount> out;
  const ContainerSpec& spec = container.spec;
  constexpr std::string_view kHosts = "/etc/hosts";
  if (!Mounts(spec, std::string(kHosts))) out.push_back({container.pod->hosts_path, std::string(kHosts)});
  out.push_back({InitPathIn(options_.state_directory), std::string(kInitInContainer), true});
  const std::string& message = spec.termination_message_path;
  if (!message.empty() && !Mounts(spec, message)) {
    const std::uint64_t number = static_cast<std::uint64_t>(container.id) - DockerRuntime::kFirstId;
    const std::string file = Cat(options_.state_directory, "/t", number);
    // Whoever the program runs as may write it.
    if (WriteNewFile(file, {}, 0666) == 0) {
      container.termination_file = file;
      out.push_back({file, message});
    }
  }
  return out;
}

void Worker::OpenOutput(Container& container) {
  const ContainerId id = container.id;
  CriLog::Sink sink;
  if (!container.spec.log_path.empty()) {
    sink = [this, id](std::string&& lines, std::int64_t count) {
      Container* found = Find(id);
      if (found == nullptr) return;
      found->log_has_lines = true;
      if (!log_writer_->Write(id, found->spec.log_path, std::move(lines), count) && found->output) {
        found->output->Pause();
      }
    };
  }
  if (container.spec.message_from_output) container.last_lines.emplace();
  CriLog::LineTap tap;
  if (events_.line || container.last_lines) {
    tap = [this, id](Stream stream, std::string_view line) {
      Container* found = Find(id);
      if (found != nullptr && found->last_lines) found->last_lines->Add(line);
      if (events_.line) events_.line(id, stream, line);
    };
  }
  container.log = std::make_unique<CriLog>(std::move(sink), std::move(tap));
  container.frames = std::make_unique<OutputFrames>([this, id](Stream stream, std::string_view bytes) {
    if (Container* found = Find(id)) Output(*found, stream, bytes);
  });
  container.output_ended = false;
  net::StreamHandlers handlers;
  handlers.head = [this, id](const net::Response& head) {
    Container* found = Find(id);
    if (found == nullptr) return;
    // What refuses to be attached to will refuse to start too, and then say why.
    if (head.status != 200) found->output_ended = true;
    OpenWait(*found);
  };
  handlers.data = [this, id](std::string_view bytes) {
    Container* found = Find(id);
    if (found == nullptr || found->output_ended) return;
    if (!found->frames->Put(bytes)) OutputEnded(id);
  };
  handlers.end = [this, id](const std::optional<net::Failure>&) {
    OutputEnded(id);
    // The connection was cut before there was an answer.
    Container* found = Find(id);
    if (found != nullptr && found->stage == Container::Stage::kMaking && !found->wait) OpenWait(*found);
  };
  container.output =
      engine_.Open({.method = "POST",
                    .path = Cat("/containers/", container.engine_id, "/attach?stream=true&stdout=true&stderr=true"),
                    .timeout = kWaitForever},
                   std::move(handlers));
}

void Worker::OpenWait(Container& container) {
  const ContainerId id = container.id;
  const bool running = container.stage == Container::Stage::kRunning;
  container.wait_text.clear();
  net::StreamHandlers handlers;
  handlers.head = [this, id, running](const net::Response& head) {
    Container* found = Find(id);
    if (found == nullptr || running) return;
    if (head.status != 200) return Lost(*found);
    WatchMemory(*found);
  };
  handlers.data = [this, id](std::string_view bytes) {
    constexpr std::size_t kMostBytes = 64 * 1024;
    Container* found = Find(id);
    if (found != nullptr && found->wait_text.size() < kMostBytes) found->wait_text += bytes;
  };
  handlers.end = [this, id](const std::optional<net::Failure>& failure) { WaitEnded(id, !failure); };
  container.wait = engine_.Open(
      {.method = "POST",
       .path = Cat("/containers/", container.engine_id, "/wait?condition=", running ? "not-running" : "next-exit"),
       .timeout = kWaitForever},
      std::move(handlers));
}

// Podman has made its cgroup by now, and does not always tell what the kernel has killed there; Docker does.
void Worker::WatchMemory(Container& container) {
  if (!podman_ || !container.spec.limits.memory_bytes) return Start(container);
  Ask({.path = Cat("/containers/", container.engine_id, "/json")}, [this, id = container.id](const EngineReply& reply) {
    Container* found = Find(id);
    if (found == nullptr) return;
    const std::int64_t process = reply.body["State"]["Pid"].AsInt();
    if (process > 0) found->oom = oom_watch_.Add(static_cast<pid_t>(process));
    Start(*found);
  });
}

void Worker::Start(Container& container) {
  if (GiveUpStart(container)) return;
  container.stage = Container::Stage::kStarting;
  container.asked_to_start = true;
  Ask({.method = "POST", .path = Cat("/containers/", container.engine_id, "/start")},
      [this, id = container.id](EngineReply reply) {
        Container* found = Find(id);
        if (found == nullptr || found->stage == Container::Stage::kLost) return;
        if (reply.ok() || reply.status == 304) return Started(*found);
        if (reply.no_answer() || !EngineListens()) return Lost(*found);
        if (found->start_was_cut) return LookAtRefusedStart(*found, std::move(reply.error));
        StartRefused(*found, std::move(reply.error));
      });
}

void Worker::StartRefused(Container& container, std::string why) {
  LookAtPod(container.pod, [this, id = container.id, why = std::move(why)](bool runs) {
    if (Container* failed = Find(id)) StartFailed(*failed, why, !runs);
  });
}

// Its end may have been told before.
void Worker::Started(Container& container) {
  container.started_at = Now();
  const bool ended = container.exit.has_value();
  container.stage = ended ? Container::Stage::kEnded : Container::Stage::kRunning;
  if (ended) container.exit->started_at = std::min(container.started_at, container.exit->finished_at);
  if (events_.started) events_.started({container.id, container.pod->id, container.started_at});
  if (ended) return LookAtEnd(container);
  // A signal that came before it ran has reached nobody.
  if (container.killed) return Kill(container);
  if (container.stopping) Signal(container, StopSignalOf(container));
  if (container.output_ended) LookForEnd(container);
}

// As a cluster with containerd tells it: it has run, for no time at all.
void Worker::StartFailed(Container& container, std::string message, bool without_sandbox) {
  container.CloseStreams();
  container.output_ended = true;
  container.started_at = Now();
  ContainerExit exit{.container = container.id, .sandbox = container.pod->id, .exit_code = kStartErrorCode};
  exit.reason = ExitReason::kStartError;
  exit.message = std::move(message);
  exit.engine_lost = without_sandbox;
  exit.started_at = exit.finished_at = container.started_at;
  container.exit = std::move(exit);
  container.stage = Container::Stage::kEnded;
  FinishIfComplete(container);
}

void Worker::Refuse(ContainerId id, std::string_view reason, std::string message) {
  Container* container = Find(id);
  if (container == nullptr) return;
  if (events_.refused) events_.refused({id, container->pod->id, std::string(reason), std::move(message)});
  Remove(*container);
}

// It is to be stopped before it was asked to start: it never runs.
bool Worker::GiveUpStart(Container& container) {
  if (!container.stopping || container.asked_to_start) return false;
  const Time now = Now();
  container.CloseStreams();
  ContainerExit exit{.container = container.id, .sandbox = container.pod->id, .exit_code = kKilledCode};
  exit.reason = ExitReason::kError;
  exit.started_at = exit.finished_at = now;
  container.exit = std::move(exit);
  Deliver(container);
  return true;
}

}  // namespace reprieve::runtime::docker
