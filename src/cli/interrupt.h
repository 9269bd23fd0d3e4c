// Ctrl-C and SIGTERM, as counts: the first asks for an orderly end, the second for one at once.
//
// One per process, while it lives.
#pragma once

#include <functional>

namespace reprieve::cli {

class Interrupt {
 public:
  // `wake` is called from the signal handler: async-signal-safe only.
  explicit Interrupt(void (*wake)(void* context) noexcept, void* context);
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  // How often it was asked.
  static int count();
};

}  // namespace reprieve::cli
