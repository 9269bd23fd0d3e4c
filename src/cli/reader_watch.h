// Notices that nobody will read standard output any more, even while nothing is written to it.
//
// It watches pipes and sockets, from a thread of its own; whether a terminal has gone, SIGHUP tells.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "runtime/fd.h"

namespace reprieve::cli {

class ReaderWatch {
 public:
  // `wake` is called from another thread, at most once, when the reader has gone. REQUIRES: SIGPIPE is ignored
  // (interrupt.h), so that a write fails instead.
  explicit ReaderWatch(std::function<void()> wake);
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;
  ~ReaderWatch();

  bool gone() const;

 private:
  void Work();

  const std::function<void()> wake_;
  runtime::Fd stop_;
  std::atomic<bool> gone_ = false;
  std::thread thread_;
};

}  // namespace reprieve::cli
