#include "cli/metrics_page.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace reprieve::cli {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The shortest text that reads back as the same number.
std::string Text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

}  // namespace

void MetricsPage::Family(std::string_view name, std::string_view type, std::string_view help) {
  AppendTo(text_, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
  name_ = name;
}

void MetricsPage::Begin(std::string_view suffix, const Labels& labels, std::string_view bound) {
  AppendTo(text_, name_, suffix);
  char before = '{';
  const auto append = [&](std::string_view label, std::string_view text) {
    AppendTo(text_, before, label, "=\"", Escaped(text), "\"");
    before = ',';
  };
  for (const auto& [label, text] : labels) append(label, text);
  if (!bound.empty()) append("le", bound);
  AppendTo(text_, before == '{' ? "" : "}", " ");
}

void MetricsPage::Sample(const Labels& labels, std::uint64_t value) {
  Begin("", labels);
  AppendTo(text_, value, "\n");
}

void MetricsPage::Sample(const Labels& labels, double value) {
  Begin("", labels);
  AppendTo(text_, Text(value), "\n");
}

void MetricsPage::Sample(const Labels& labels, const Histogram& histogram) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    below += histogram.in_bucket(i);
    Begin("_bucket", labels, Text(histogram.bounds()[i]));
    AppendTo(text_, below, "\n");
  }
  Begin("_bucket", labels, "+Inf");
  AppendTo(text_, histogram.count(), "\n");
  Begin("_sum", labels);
  AppendTo(text_, Text(histogram.sum()), "\n");
  Begin("_count", labels);
  AppendTo(text_, histogram.count(), "\n");
}

}  // namespace reprieve::cli
