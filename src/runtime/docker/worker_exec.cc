// Worker: processes beside a container's own, for probes and hooks. An engine can't end them: reprieve-init does,
// inside.
#include <cstring>
#include <utility>

#include "base/text.h"
#include "net/url.h"
#include "runtime/docker/requests.h"
#include "runtime/docker/worker.h"
#include "runtime/init_image.h"

namespace reprieve::runtime::docker {
namespace {

// Over its own time, until it is told as timed out even though the engine has not said that it ended.
constexpr std::chrono::milliseconds kMoreTime{5000};
constexpr std::chrono::milliseconds kAskAgainAfter{20};

// Why there is no program, if reprieve-init has said so.
std::optional<std::string> FailureIn(const std::string& output) {
  if (!output.starts_with(kExecFailure)) return std::nullopt;
  const std::string_view rest = std::string_view(output).substr(kExecFailure.size());
  const auto number = ParseInt32(Trim(rest.substr(0, rest.find('\n'))));
  const char* text = number ? strerrordesc_np(*number) : nullptr;
  return text != nullptr ? std::optional<std::string>(text) : std::nullopt;
}

}  // namespace

void Worker::Exec(ExecId id, ContainerId container, ExecSpec spec) {
  auto process = std::make_unique<Process>();
  process->id = id;
  process->container = container;
  process->timeout = spec.timeout;
  processes_.emplace(id, std::move(process));
  Container* inside = Find(container);
  if (inside == nullptr || inside->stage != Container::Stage::kRunning) {
    return EndExec(id, ExecOutcome::kNotStarted, 0, "the container does not run");
  }
  inside->execs.push_back(id);
  Ask({.method = "POST",
       .path = Cat("/containers/", inside->engine_id, "/exec"),
       .json = ExecBody(spec.argv, spec.timeout)},
      [this, id](const EngineReply& reply) {
        const auto found = processes_.find(id);
        if (found == processes_.end()) return;
        if (!reply.ok()) return EndExec(id, ExecOutcome::kNotStarted, 0, reply.error);
        found->second->engine_id = reply.body["Id"].AsText();
        StartExec(id);
      });
}

void Worker::StartExec(ExecId id) {
  Process& process = *processes_.at(id);
  process.began = std::chrono::steady_clock::now();
  process.timer = std::make_unique<net::Timer>(engine_.loop());
  process.timer->After(process.timeout + kMoreTime,
                       [this, id] { EndExec(id, ExecOutcome::kTimedOut, kKilledCode, {}); });
  process.frames = std::make_unique<OutputFrames>([this, id](Stream, std::string_view bytes) {
    constexpr std::size_t kMostBytes = 1024;
    const auto found = processes_.find(id);
    if (found == processes_.end()) return;
    std::string& output = found->second->output;
    if (output.size() < kMostBytes) output += bytes.substr(0, kMostBytes - output.size());
  });
  net::StreamHandlers handlers;
  handlers.head = [this, id](const net::Response& head) {
    const auto found = processes_.find(id);
    if (found != processes_.end() && head.status != 200) found->second->frames.reset();
  };
  handlers.data = [this, id](std::string_view bytes) {
    const auto found = processes_.find(id);
    if (found == processes_.end()) return;
    Process& running = *found->second;
    if (running.frames) {
      if (!running.frames->Put(bytes)) running.frames.reset();
    } else {
      running.output += bytes.substr(0, 1024);
    }
  };
  handlers.end = [this, id](const std::optional<net::Failure>&) { ExecStreamEnded(id); };
  document::Value body = document::Value::MakeObject();
  body.Set("Detach", document::Value::Bool(false));
  body.Set("Tty", document::Value::Bool(false));
  process.call = engine_.Open({.method = "POST",
                               .path = Cat("/exec/", process.engine_id, "/start"),
                               .json = std::move(body),
                               .timeout = process.timeout + 2 * kMoreTime},
                              std::move(handlers));
}

void Worker::ExecStreamEnded(ExecId id) {
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;
  Process& process = *found->second;
  if (!process.frames) return EndExec(id, ExecOutcome::kNotStarted, 0, EngineErrorOf(0, process.output));
  Ask({.path = Cat("/exec/", process.engine_id, "/json")}, [this, id](const EngineReply& reply) {
    const auto asked = processes_.find(id);
    if (asked == processes_.end()) return;
    Process& ended = *asked->second;
    if (!reply.ok()) return EndExec(id, ExecOutcome::kNotStarted, 0, reply.error);
    if (reply.body["Running"].AsBool()) {
      ended.timer->After(kAskAgainAfter, [this, id] { ExecStreamEnded(id); });
      return;
    }
    const int code = static_cast<int>(reply.body["ExitCode"].AsInt());
    if (code == kStartErrorCode) {
      if (auto why = FailureIn(ended.output)) return EndExec(id, ExecOutcome::kNotStarted, code, std::move(*why));
    }
    const bool late = std::chrono::steady_clock::now() - ended.began >= ended.timeout;
    EndExec(id, late && code == kKilledCode ? ExecOutcome::kTimedOut : ExecOutcome::kExited, code, {});
  });
}

void Worker::EndExec(ExecId id, ExecOutcome outcome, int exit_code, std::string message) {
  const auto node = processes_.extract(id);
  if (!node) return;
  if (Container* inside = Find(node.mapped()->container)) std::erase(inside->execs, id);
  if (events_.exec_ended) events_.exec_ended({id, outcome, exit_code, std::move(message)});
}

// They end with it at the latest.
void Worker::EndExecsOf(Container& container) {
  for (const ExecId id : std::vector<ExecId>(container.execs)) EndExec(id, ExecOutcome::kExited, kKilledCode, {});
}

}  // namespace reprieve::runtime::docker
