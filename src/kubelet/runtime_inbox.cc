#include "kubelet/runtime_inbox.h"

#include <utility>

#include "base/text.h"

namespace reprieve::kubelet {

runtime::RuntimeEvents RuntimeInbox::Events(bool with_lines) {
  runtime::RuntimeEvents events;
  events.started = [this](const runtime::ContainerStarted& started) { Push(started); };
  events.exited = [this](runtime::ContainerExit exit) { Push(std::move(exit)); };
  events.refused = [this](runtime::ContainerRefused refused) { Push(std::move(refused)); };
  events.exec_ended = [this](runtime::ExecEnd end) { Push(std::move(end)); };
  events.notice = [this](const std::string& text) { Push(RuntimeNotice{text}); };
  if (with_lines) {
    events.line = [this](runtime::ContainerId container, runtime::Stream stream, std::string_view text) {
      Push(OutputLine{container, stream, std::string(text)}, text.size() + sizeof(OutputLine));
    };
  }
  return events;
}

void RuntimeInbox::Push(RuntimeMessage message, std::size_t output_bytes) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (output_bytes > 0 && output_bytes_ + output_bytes > kMaxOutputBytes) {
      ++lines_left_out_;
      return;
    }
    output_bytes_ += output_bytes;
    first = messages_.empty();
    messages_.push_back(std::move(message));
  }
  if (first) wake_();
}

void RuntimeInbox::Take(std::vector<RuntimeMessage>& out) {
  out.clear();
  std::size_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    std::swap(out, messages_);
    output_bytes_ = 0;
    left_out = std::exchange(lines_left_out_, 0);
  }
  if (left_out > 0) {
    out.push_back(RuntimeNotice{Cat(left_out, left_out == 1 ? " line" : " lines",
                                    " of output came too fast to be shown here; look for ",
                                    left_out == 1 ? "it" : "them", " in the log files")});
  }
}

}  // namespace reprieve::kubelet
