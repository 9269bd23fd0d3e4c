// The terminal on a file descriptor: its size, what it can do, and news of its size.
#pragma once

#include <cstddef>

namespace reprieve::cli {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
// 80 by 24 where it is unknown.
TerminalSize SizeOfTerminal(int descriptor);

bool IsTerminal(int descriptor);
// Whether lines can be repainted in place. TERM=dumb knows no cursor movements.
bool CanRepaint(int descriptor);
// Most terminals break lines again when they become narrower, so that one line takes several rows. xterm, screen and
// the Linux console cut them.
bool BreaksLinesAgain();

// Calls `wake` whenever the terminal's size changes. One per process, while it lives.
class ResizeSignal {
 public:
  // `wake` is called from the signal handler: async-signal-safe only.
  ResizeSignal(void (*wake)(void* context) noexcept, void* context);
  ResizeSignal(const ResizeSignal&) = delete;
  ResizeSignal& operator=(const ResizeSignal&) = delete;
  ~ResizeSignal();

  // Whether the size has changed since this was asked last.
  static bool Take();
};

}  // namespace reprieve::cli
