#include "cli/live_block.h"

#include <algorithm>

#include "base/text.h"
#include "cli/screen_text.h"

namespace reprieve::cli {

void LiveBlock::Erase(const TerminalSize& terminal, std::string& out) {
  if (!shown()) return;
  std::size_t rows = columns_of_.size();
  if (BreaksLinesAgain()) {
    rows = 0;
    for (const std::size_t columns : columns_of_) {
      rows += std::max<std::size_t>((columns + terminal.columns - 1) / terminal.columns, 1);
    }
  }
  // The cursor can't go up further. The carriage return: the terminal may have echoed ^C there.
  rows = std::min(rows, terminal.rows - 1);
  out += "\r";
  if (rows > 0) AppendTo(out, "\x1b[", rows, "A");
  out += "\x1b[J";
  columns_of_.clear();
}

void LiveBlock::Paint(const std::vector<std::string>& lines, const TerminalSize& terminal, std::string& out) {
  // A character in the last column makes some terminals begin a new row.
  const std::size_t width = std::max<std::size_t>(terminal.columns, 2) - 1;
  const std::size_t count = std::min(lines.size(), MaxLines(terminal));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string line = Cut(lines[i], width);
    columns_of_.push_back(ColumnsOf(line));
    AppendTo(out, line, "\n");
  }
}

}  // namespace reprieve::cli
