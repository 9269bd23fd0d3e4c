// Writes the log files of all containers on a thread of its own: a slow disk holds up neither kills nor exits.
//
// What waits for the disk is bounded: a container that says more is told to wait (its pipe is not read), and, should
// the disk have taken nothing for a while, to lose lines, which are counted and said. Thread rules: every call but the
// destructor may come from any thread and does not wait for the disk; the events come on the writer's thread. Errors:
// through the `notice` event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/cri_file.h"
#include "runtime/runtime.h"

namespace reprieve::runtime {

struct LogWriterOptions {
  CriLogLimits limits = {};
  // Of one container, and of all.
  std::size_t file_bytes = std::size_t{1} << 20;
  std::size_t total_bytes = std::size_t{64} << 20;
  // How long a disk may take nothing at all before lines are lost.
  std::chrono::milliseconds patience{10000};
};

struct LogWriterEvents {
  // A container whose Write returned false may say more.
  std::function<void(ContainerId)> drained;
  // All of its lines are in the file, or lost.
  std::function<void(ContainerId)> closed;
  std::function<void(const std::string&)> notice;
};

class LogWriter {
 public:
  LogWriter(LogWriterOptions options, LogWriterEvents events);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // Writes what is left, with patience; what the disk has not taken then is lost.
  ~LogWriter();

  // Whole lines, `count` of them, for the log at `path`. False: enough for now, the rest should wait for `drained`.
  bool Write(ContainerId container, const std::string& path, std::string&& lines, std::int64_t count);
  // The last of them, or none; `closed` follows.
  void Close(ContainerId container, const std::string& path, std::string&& lines, std::int64_t count);

 private:
  struct State;
  // The thread has a part in it: one that hangs in the kernel is left alone.
  std::shared_ptr<State> state_;
};

}  // namespace reprieve::runtime
