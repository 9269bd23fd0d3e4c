#include "cli/diagnostic.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kWidestLine = 160;

std::string_view LineOf(std::string_view text, std::uint32_t line) {
  for (std::uint32_t at = 1; at < line; ++at) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

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

std::string Printable(std::string_view line) {
  std::string out(line.substr(0, kWidestLine));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return out;
}

}  // namespace

void SortByPlace(std::vector<Diagnostic>& diagnostics) {
  std::vector<const model::ManifestFile*> order;
  for (const Diagnostic& d : diagnostics) {
    if (std::find(order.begin(), order.end(), d.source.get()) == order.end()) order.push_back(d.source.get());
  }
  const auto rank = [&](const Diagnostic& d) {
    return std::find(order.begin(), order.end(), d.source.get()) - order.begin();
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a.mark.line != b.mark.line ? a.mark.line < b.mark.line : a.mark.column < b.mark.column;
  });
}

std::string Render(const Diagnostic& d, const Style& style) {
  std::string out = style.Bold(d.source->name);
  if (d.mark.line == 0 || d.source->text.empty()) {
    if (d.mark.line != 0) AppendTo(out, ":", d.mark.line, ":", d.mark.column);
    AppendTo(out, ": ", d.subject, d.subject.empty() ? "" : " ", style.Red(d.message), "\n");
    if (!d.advice.empty()) AppendTo(out, "  ", d.advice, "\n");
    return out;
  }
  AppendTo(out, ":", d.mark.line, ":", d.mark.column, ": ", d.subject, "\n");
  const std::string_view line = LineOf(d.source->text, d.mark.line);
  const std::string number = Cat(d.mark.line);
  const std::string margin(std::max<std::size_t>(5, number.size()) - number.size(), ' ');
  const std::size_t column = d.mark.column > 0 ? d.mark.column - 1 : 0;
  AppendTo(out, margin, number, " | ", Printable(line), "\n");
  const std::string gutter = Cat(std::string(margin.size() + number.size(), ' '), " | ");
  if (column < kWidestLine) {
    AppendTo(out, gutter, std::string(column, ' '),
             style.Red(Cat(std::string(std::min(WidthAt(line, column), kWidestLine - column), '^'), " ", d.message)),
             "\n");
  } else {
    AppendTo(out, gutter, style.Red(d.message), "\n");
  }
  if (!d.advice.empty()) AppendTo(out, "  ", d.advice, "\n");
  return out;
}

std::string CountLine(const std::vector<Diagnostic>& diagnostics, std::string_view consequence) {
  std::set<std::string> files;
  for (const Diagnostic& d : diagnostics) files.insert(d.source->name);
  const std::string where = files.size() == 1 ? *files.begin() : Cat(files.size(), " files");
  return Cat(diagnostics.size(), diagnostics.size() == 1 ? " error in " : " errors in ", where, consequence, ".");
}

}  // namespace reprieve::cli
