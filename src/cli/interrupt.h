// Ctrl-C and SIGTERM, counted: the first asks for an orderly end, the second for one at once.
//
// At most one object of it at a time.
#pragma once

#include <functional>

namespace reprieve::cli {

class Interrupt {
 public:
  // `wake` is called from the signal handler: async-signal-safe only. From then on SIGPIPE is ignored.
  explicit Interrupt(void (*wake)(void* context) noexcept, void* context);
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  // How many of these signals have come.
  static int count();
};

}  // namespace reprieve::cli
