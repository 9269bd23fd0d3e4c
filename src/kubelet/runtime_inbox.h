// RuntimeInbox: messages from the threads of the runtime, the prober, the agents and the engine of images, kept until
// the engine's thread reads them.
//
// Thread rules: Events() are called on the runtime's thread, Add on any, Take on the engine's; `wake` is called on the
// writer's thread, once each time the inbox stops being empty. It outlives the runtime.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kubelet/image_puller.h"
#include "kubelet/probe_answer.h"
#include "runtime/runtime.h"

namespace reprieve::kubelet {

struct OutputLine {
  runtime::ContainerId container{};
  runtime::Stream stream = runtime::Stream::kStdout;
  std::string text;
};
struct RuntimeNotice {
  std::string text;
};
// JobSetAgents::TakeReports has reports.
struct AgentsReported {};
// The pod has written more to a volume than that may hold.
struct VolumeOverLimit {
  scheduler::PodNumber pod = 0;
  std::string message;
};
using RuntimeMessage =
    std::variant<runtime::ContainerStarted, runtime::ContainerExit, runtime::ContainerRefused, OutputLine,
                 RuntimeNotice, runtime::ExecEnd, ProbeAnswer, AgentsReported, VolumeOverLimit, ImageMessage>;

class RuntimeInbox {
 public:
  // The limit on output that waits to be shown; lines beyond it are dropped with a notice. The log files have what
  // rotation has kept.
  static constexpr std::size_t kMaxOutputBytes = std::size_t{8} << 20;

  explicit RuntimeInbox(std::function<void()> wake) : wake_(std::move(wake)) {}
  RuntimeInbox(const RuntimeInbox&) = delete;
  RuntimeInbox& operator=(const RuntimeInbox&) = delete;

  // The callbacks for a runtime. `with_lines`: including output.
  runtime::RuntimeEvents Events(bool with_lines);
  void Add(ProbeAnswer answer) { Push(std::move(answer)); }
  void Add(AgentsReported reported) { Push(reported); }
  void Add(VolumeOverLimit over) { Push(std::move(over)); }
  void Add(ImageMessage message) { Push(std::move(message)); }
  // Replaces `out` with all messages so far, in order.
  void Take(std::vector<RuntimeMessage>& out);

 private:
  void Push(RuntimeMessage message, std::size_t output_bytes = 0);

  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<RuntimeMessage> messages_;  // this and the next two are guarded by mutex_
  std::size_t output_bytes_ = 0;
  std::size_t lines_left_out_ = 0;
};

}  // namespace reprieve::kubelet
