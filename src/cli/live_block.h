// The block at the bottom of a terminal that is repainted in place while history scrolls above it.
//
// It knows where it is by counting: nothing else may print while it is on the screen. Nothing is printed here: both
// functions append to what the owner writes at once, so that no half of it is ever seen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace reprieve::cli {

class LiveBlock {
 public:
  // It takes at most half of the screen, so that history stays visible.
  static std::size_t MaxLines(const TerminalSize& terminal) { return terminal.rows > 3 ? terminal.rows / 2 : 1; }

  bool shown() const { return !columns_of_.empty(); }
  // `terminal`: its size now, which may not be that of Paint.
  void Erase(const TerminalSize& terminal, std::string& out);
  // Lines that do not fit are cut. REQUIRES: it is not shown.
  void Paint(const std::vector<std::string>& lines, const TerminalSize& terminal, std::string& out);

 private:
  std::vector<std::size_t> columns_of_;  // each line's
};

}  // namespace reprieve::cli
