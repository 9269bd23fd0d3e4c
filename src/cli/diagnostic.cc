#include "cli/diagnostic.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kWidestLine = 160;
constexpr std::size_t kMostOfOneFile = 100;

// Lines of the last file used: errors come file by file, and the lines of a file are found once.
class Lines {
 public:
  std::string_view Line(const admission::ManifestFile& file, std::uint32_t line) {
    if (file_ != &file) Index(file);
    if (line == 0 || line > starts_.size()) return {};
    const std::string_view rest = std::string_view(file.text).substr(starts_[line - 1]);
    return rest.substr(0, rest.find('\n'));
  }

 private:
  void Index(const admission::ManifestFile& file) {
    file_ = &file;
    starts_ = {0};
    for (std::size_t at = file.text.find('\n'); at != std::string::npos; at = file.text.find('\n', at + 1)) {
      starts_.push_back(at + 1);
    }
  }

  const admission::ManifestFile* file_ = nullptr;
  std::vector<std::size_t> starts_;
};

// How much of the line the value at `column` takes: to the next blank, bracket or comma, or to its closing quote.
std::size_t WidthAt(std::string_view line, std::size_t column) {
  if (column >= line.size()) return 1;
  const char first = line[column];
  if (first == '"' || first == '\'') {
    const std::size_t end = line.find(first, column + 1);
    return end == std::string_view::npos ? 1 : end - column + 1;
  }
  const std::size_t end = line.find_first_of(" ,]}#\r", column);
  return std::max<std::size_t>(1, (end == std::string_view::npos ? line.size() : end) - column);
}

// How many bytes the character at the start of `text` has; 0: it is not UTF-8.
std::size_t CharacterBytes(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length) {
    if (IsValidUtf8(text.substr(0, length))) return length;
  }
  return 0;
}

// Where the character of that number begins.
std::size_t ByteOffset(std::string_view line, std::size_t character) {
  std::size_t at = 0;
  for (; character > 0 && at < line.size(); --character)
    at += std::max<std::size_t>(1, CharacterBytes(line.substr(at)));
  return at;
}

// One character for each of the line's, so that columns fit: a blank for a control character, ? for a byte that is no
// UTF-8.
std::string Printable(std::string_view line) {
  std::string out;
  for (std::size_t count = 0; count < kWidestLine && !line.empty(); ++count) {
    const std::size_t bytes = CharacterBytes(line);
    const auto first = static_cast<unsigned char>(line.front());
    const bool control =
        first < 0x20 || first == 0x7F || (bytes == 2 && first == 0xC2 && static_cast<unsigned char>(line[1]) < 0xA0);
    if (bytes == 0) {
      out += '?';
    } else if (control) {
      out += ' ';
    } else {
      out += line.substr(0, bytes);
    }
    line.remove_prefix(std::max<std::size_t>(1, bytes));
  }
  return out;
}

std::string Colored(const Style& style, Tone tone, std::string_view text) {
  switch (tone) {
    case Tone::kError:
      return style.Red(text);
    case Tone::kWarning:
      return style.Yellow(text);
    case Tone::kNote:
      return std::string(text);
  }
  return {};
}

std::string Render(const Diagnostic& of, Lines& lines, const Style& style) {
  // What they quote comes from a manifest.
  Diagnostic d = of;
  for (std::string* text : {&d.subject, &d.message, &d.advice}) *text = Escaped(*text);
  std::string out = style.Bold(Escaped(d.source->name));
  if (d.mark.line == 0 || d.source->text.empty()) {
    if (d.mark.line != 0) AppendTo(out, ":", d.mark.line, ":", d.mark.column);
    AppendTo(out, ": ", d.subject, d.subject.empty() ? "" : " ", Colored(style, d.tone, d.message), "\n");
    if (!d.advice.empty()) AppendTo(out, "  ", d.advice, "\n");
    return out;
  }
  AppendTo(out, ":", d.mark.line, ":", d.mark.column, ": ", d.subject, "\n");
  const std::string_view line = lines.Line(*d.source, d.mark.line);
  const std::string number = Cat(d.mark.line);
  const std::string margin(std::max<std::size_t>(5, number.size()) - number.size(), ' ');
  const std::size_t column = d.mark.column > 0 ? d.mark.column - 1 : 0;
  AppendTo(out, margin, number, " | ", Printable(line), "\n");
  const std::string gutter = Cat(std::string(margin.size() + number.size(), ' '), " | ");
  if (column < kWidestLine) {
    AppendTo(out, gutter, std::string(column, ' '),
             Colored(style, d.tone,
                     Cat(std::string(std::min(WidthAt(line, ByteOffset(line, column)), kWidestLine - column), '^'), " ",
                         d.message)),
             "\n");
  } else {
    AppendTo(out, gutter, Colored(style, d.tone, d.message), "\n");
  }
  if (!d.advice.empty()) AppendTo(out, "  ", d.advice, "\n");
  return out;
}

}  // namespace

void SortByPlace(std::vector<Diagnostic>& diagnostics, const std::vector<std::string>& files) {
  std::unordered_map<std::string_view, std::size_t> ranks;
  for (const std::string& file : files) ranks.try_emplace(file, ranks.size());
  for (const Diagnostic& d : diagnostics) ranks.try_emplace(d.source->name, ranks.size());
  const auto rank = [&](const Diagnostic& d) { return ranks.at(d.source->name); };
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a.mark.line != b.mark.line ? a.mark.line < b.mark.line : a.mark.column < b.mark.column;
  });
}

std::string RenderAll(const std::vector<Diagnostic>& diagnostics, const Style& style) {
  std::string out;
  Lines lines;
  std::unordered_map<std::string_view, std::size_t> of_file;
  for (std::size_t i = 0; i < diagnostics.size(); ++i) {
    const std::string& file = diagnostics[i].source->name;
    if (++of_file[file] <= kMostOfOneFile) AppendTo(out, Render(diagnostics[i], lines, style), "\n");
    const bool last = i + 1 == diagnostics.size() || diagnostics[i + 1].source->name != file;
    if (last && of_file[file] > kMostOfOneFile) {
      AppendTo(out, "… and ", of_file[file] - kMostOfOneFile, " more in ", file, "\n\n");
    }
  }
  return out;
}

std::string CountLine(const std::vector<Diagnostic>& diagnostics, std::string_view consequence) {
  std::set<std::string> files;
  for (const Diagnostic& d : diagnostics) files.insert(d.source->name);
  const std::string where = files.size() == 1 ? *files.begin() : Cat(files.size(), " files");
  return Cat(diagnostics.size(), diagnostics.size() == 1 ? " error in " : " errors in ", where, consequence, ".");
}

}  // namespace reprieve::cli
