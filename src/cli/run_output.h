// Where a run prints: lines of history above the live block of a terminal, or plain lines, or JSON.
//
// One owner, the engine's thread. Standard output is its own while it lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/live_block.h"
#include "cli/style.h"
#include "document/value.h"
#include "model/meta.h"
#include "node/machine.h"
#include "world/clock.h"

namespace reprieve::cli {

enum class OutputFormat : std::uint8_t { kText, kJson };

class RunOutput {
 public:
  RunOutput(OutputFormat format, Color color, const world::Clock& clock);

  bool json() const { return format_ == OutputFormat::kJson; }
  const Style& style() const { return style_; }
  Time Now() const { return clock_.Now(); }

  // --- Text ---
  // A line of history with its time. On a terminal `steps` stand one below the other, elsewhere in one line.
  void Line(const std::string& text) { Steps({text}); }
  void Steps(const std::vector<std::string>& steps);
  // Without its time. On a terminal it is broken between words, the further lines indented by so many columns.
  void Plain(const std::string& text, std::size_t indent = 0);
  // "  fact · fact", on a terminal broken between facts.
  void Facts(const std::vector<std::string>& facts);
  // As it is.
  void Verbatim(const std::string& text) { Print(Cat(text, "\n")); }
  // Of a program: shown as it is, except that a terminal gets no control characters.
  std::string Foreign(std::string_view text) const;
  void PodLine(const node::PodOutput& line);
  // Of a part of the summary: green or red.
  void Heading(const std::string& text, bool good);

  // --- JSON ---
  // With type and time.
  document::Value Event(std::string_view type) const;
  // And the object: `kind` is job or jobset.
  document::Value Event(std::string_view type, std::string_view kind, const meta::ObjectKey& object) const;
  void Json(const document::Value& object);

  // --- The live block ---
  bool has_block() const { return repaint_; }
  // Whether it is time to paint it again.
  bool BlockIsDue();
  TerminalSize terminal() const { return SizeOfTerminal(kDescriptor); }
  void PaintBlock(const std::vector<std::string>& lines);
  void EraseBlock();
  // What was printed can be seen from now on.
  void Flush();

 private:
  static constexpr int kDescriptor = 1;
  void Print(const std::string& text);

  const OutputFormat format_;
  const world::Clock& clock_;
  const bool terminal_;  // a person looks
  const bool repaint_;
  const Style style_;
  LiveBlock block_;
  std::optional<Time> painted_;
};

}  // namespace reprieve::cli
