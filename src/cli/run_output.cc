#include "cli/run_output.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "cli/object_names.h"
#include "cli/screen_text.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr Nanoseconds kRepaintAtMostEvery = std::chrono::milliseconds(100);
constexpr std::size_t kTimeColumns = 10;  // "12:03:22  "
// A terminal where so much of a line can't be left blank.
constexpr std::size_t kNarrow = 60;

}  // namespace

RunOutput::RunOutput(OutputFormat format, Color color, const world::Clock& clock)
    : format_(format),
      clock_(clock),
      terminal_(IsTerminal(kDescriptor)),
      repaint_(format == OutputFormat::kText && CanRepaint(kDescriptor)),
      style_(color, kDescriptor) {}

void RunOutput::Steps(const std::vector<std::string>& steps) {
  const std::string time = style_.Dim(FormatClock(clock_.Now()));
  if (!repaint_) return Print(Cat(time, "  ", Escaped(Join(steps, " → ")), "\n"));
  const std::size_t columns = terminal().columns;
  const std::string indent(columns < kNarrow ? 2 : kTimeColumns, ' ');
  std::string out;
  for (const std::string& step : steps) {
    // The time is coloured once the lines are known.
    const bool first = out.empty();
    const std::string begin = first ? std::string(kTimeColumns, ' ') : Cat(indent, "→ ");
    for (std::string& line : Wrap(Cat(begin, Escaped(step)), columns, first ? indent : Cat(indent, "  "))) {
      if (out.empty()) line.replace(0, kTimeColumns, Cat(time, "  "));
      AppendTo(out, line, "\n");
    }
  }
  Print(out);
}

void RunOutput::Plain(const std::string& text, std::size_t indent) {
  if (!repaint_) return Print(Cat(text, "\n"));
  std::string out;
  for (const std::string& line : Wrap(text, terminal().columns, std::string(indent, ' '))) AppendTo(out, line, "\n");
  Print(out);
}

void RunOutput::Facts(const std::vector<std::string>& facts) {
  const std::size_t columns = terminal().columns;
  std::string out;
  std::string line;
  for (const std::string& fact : facts) {
    if (repaint_ && !line.empty() && ColumnsOf(line) + 3 + ColumnsOf(fact) > columns) {
      AppendTo(out, std::exchange(line, {}), "\n");
    }
    AppendTo(line, line.empty() ? "  " : " · ", fact);
  }
  Print(Cat(out, line, "\n"));
}

void RunOutput::Heading(const std::string& text, bool good) {
  std::string out;
  const std::vector<std::string> lines =
      repaint_ ? Wrap(Escaped(text), terminal().columns, "  ") : std::vector<std::string>{Escaped(text)};
  for (const std::string& line : lines) AppendTo(out, good ? style_.Green(line) : style_.Red(line), "\n");
  Print(out);
}

std::string RunOutput::Foreign(std::string_view text) const {
  return terminal_ ? EscapedOutput(text) : std::string(text);
}

void RunOutput::PodLine(const node::PodOutput& line) {
  const std::string whose = Cat(NameOf({line.pod.namespace_, line.pod.name}), "/", line.container, ":");
  Print(Cat(style_.Dim(whose), " ", Foreign(line.text), "\n"));
}

Value RunOutput::Event(std::string_view type) const {
  Value event = Value::MakeObject();
  event.Set("type", Value::String(std::string(type)));
  event.Set("time", Value::String(FormatRfc3339Milli(clock_.Now())));
  return event;
}

Value RunOutput::Event(std::string_view type, std::string_view kind, const meta::ObjectKey& object) const {
  Value event = Event(type);
  event.Set("namespace", Value::String(object.namespace_.str()));
  event.Set(kind, Value::String(object.name.str()));
  return event;
}

void RunOutput::Json(const Value& object) {
  std::puts(document::WriteJson(object).c_str());
  std::fflush(stdout);
}

bool RunOutput::BlockIsDue() {
  if (!repaint_) return false;
  const bool resized = ResizeSignal::Take();
  return resized || !block_.shown() || !painted_ || clock_.Now() - *painted_ >= kRepaintAtMostEvery;
}

void RunOutput::PaintBlock(const std::vector<std::string>& lines) {
  const TerminalSize size = terminal();
  std::string out;
  block_.Erase(size, out);
  block_.Paint(lines, size, out);
  painted_ = clock_.Now();
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

void RunOutput::EraseBlock() {
  Print({});
}

void RunOutput::Flush() {
  std::fflush(stdout);
}

// Above the block, which is painted again once all that happened at once is printed.
void RunOutput::Print(const std::string& text) {
  std::string out;
  if (block_.shown()) block_.Erase(terminal(), out);
  out += text;
  std::fwrite(out.data(), 1, out.size(), stdout);
}

}  // namespace reprieve::cli
