#include "report/html.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace reprieve::report {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1a1c1f; --soft: #5a616b; --line: #d5d9df; --page: #ffffff; --box: #f4f6f8;
  --a: #2f6fb2; --b: #d98324; --c: #7a8b99; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a5adb8; --line: #3a4049; --page: #15181c;
  --box: #1f242a; --a: #6aa7e8; --b: #f0a651; --c: #8fa0ae; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
p { margin: .5rem 0; color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .7rem; margin: 0; }
.figures div { background: var(--box); border-radius: .5rem; padding: .7rem .8rem; }
.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; } .figures dt { color: var(--soft); font-size: .9rem; }
.figures small { display: block; color: var(--soft); font-weight: 400; font-size: .8rem; }
.bars { display: grid; gap: .45rem; margin: 0; padding: 0; list-style: none; }
.bars .name { display: flex; justify-content: space-between; gap: 1rem; font-size: .92rem; }
.bars .track { display: flex; height: .8rem; } .bars .track span { min-width: 1px; }
.a { background: var(--a); fill: var(--a); } .b { background: var(--b); fill: var(--b); } .c { background: var(--c); fill: var(--c); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; font-size: .88rem; color: var(--soft); margin: .6rem 0 0; padding: 0; list-style: none; }
.legend span { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -.08rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 13px; } svg line { stroke: var(--line); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
pre { background: var(--box); border-radius: .5rem; padding: .7rem; overflow-x: auto; font-size: .85rem; line-height: 1.45; overflow-wrap: normal; }
pre i { color: var(--soft); font-style: normal; } pre b { color: var(--a); }
ol.time { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--line); }
ol.time li { padding: .2rem 0 .2rem .9rem; } ol.time time { color: var(--soft); margin-right: .7rem; font-variant-numeric: tabular-nums; }
ol.time .bad { border-left: 4px solid var(--bad); margin-left: -3px; }
@media print { body { max-width: none; padding: 0; } .figures div, pre { border: 1px solid var(--line); } h2 { break-after: avoid; } }
)";

constexpr std::string_view kShades[] = {"a", "b", "c"};

std::string Fixed(double number, int digits) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, number);
  return buffer;
}

// As many bins as the square root of the count: enough to see a shape.
std::size_t BinsFor(std::size_t count) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::sqrt(static_cast<double>(count)) + 0.5), 1, 30);
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // Control characters are no HTML.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return out;
}

void HtmlPage::Heading(std::string_view text) {
  AppendTo(body_, "<h2>", EscapeHtml(text), "</h2>\n");
}

void HtmlPage::Paragraph(std::string_view text) {
  AppendTo(body_, "<p>", EscapeHtml(text), "</p>\n");
}

void HtmlPage::Figures(const std::vector<Figure>& figures) {
  body_ += "<dl class=\"figures\">\n";
  for (const Figure& figure : figures) {
    AppendTo(body_, "<div><dt>", EscapeHtml(figure.name), "</dt><dd>", EscapeHtml(figure.value));
    if (!figure.note.empty()) AppendTo(body_, "<small>", EscapeHtml(figure.note), "</small>");
    body_ += "</dd></div>\n";
  }
  body_ += "</dl>\n";
}

void HtmlPage::Bars(const std::vector<Bar>& bars, const std::vector<std::string>& legend) {
  double most = 0;
  for (const Bar& bar : bars) most = std::max(most, bar.value);
  body_ += "<ul class=\"bars\">\n";
  for (const Bar& bar : bars) {
    AppendTo(body_, "<li><div class=\"name\"><span>", EscapeHtml(bar.name), "</span><span>", EscapeHtml(bar.shown),
             "</span></div><div class=\"track\">");
    const double width = most > 0 ? 100 * bar.value / most : 0;
    const std::vector<double> parts = bar.parts.empty() ? std::vector<double>{1} : bar.parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i] <= 0) continue;
      AppendTo(body_, "<span class=\"", kShades[i % std::size(kShades)],
               "\" style=\"width:", Fixed(width * parts[i], 2), "%\"></span>");
    }
    body_ += "</div></li>\n";
  }
  body_ += "</ul>\n";
  if (legend.empty()) return;
  body_ += "<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < legend.size(); ++i) {
    AppendTo(body_, "<li><span class=\"", kShades[i % std::size(kShades)], "\"></span>", EscapeHtml(legend[i]),
             "</li>\n");
  }
  body_ += "</ul>\n";
}

void HtmlPage::Histogram(const std::vector<double>& values, std::string_view unit) {
  if (values.empty()) return;
  constexpr double kWidth = 800;
  constexpr double kHeight = 180;
  constexpr double kBelow = 24;
  const auto [low_at, high_at] = std::minmax_element(values.begin(), values.end());
  const double low = *low_at;
  const double span = std::max(*high_at - low, 1e-9);
  std::vector<std::size_t> bins(BinsFor(values.size()));
  for (const double value : values) {
    const auto bin = static_cast<std::size_t>((value - low) / span * static_cast<double>(bins.size()));
    ++bins[std::min(bin, bins.size() - 1)];
  }
  const auto most = static_cast<double>(*std::max_element(bins.begin(), bins.end()));
  const double step = kWidth / static_cast<double>(bins.size());
  AppendTo(body_, "<svg viewBox=\"0 0 ", Fixed(kWidth, 0), " ", Fixed(kHeight + kBelow, 0),
           "\" role=\"img\" aria-label=\"", values.size(), " values from ", Fixed(low, 1), " to ", Fixed(low + span, 1),
           " ", EscapeHtml(unit), "\">\n");
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double height = kHeight * static_cast<double>(bins[i]) / most;
    AppendTo(body_, "<rect class=\"a\" x=\"", Fixed(step * static_cast<double>(i) + 1, 1), "\" y=\"",
             Fixed(kHeight - height, 1), "\" width=\"", Fixed(std::max(step - 2, 1.0), 1), "\" height=\"",
             Fixed(height, 1), "\"><title>", bins[i], "</title></rect>\n");
  }
  AppendTo(body_, "<line x1=\"0\" x2=\"", Fixed(kWidth, 0), "\" y1=\"", Fixed(kHeight, 0), "\" y2=\"",
           Fixed(kHeight, 0), "\"/>\n");
  const auto label = [&](double x, std::string_view anchor, double value) {
    AppendTo(body_, "<text x=\"", Fixed(x, 0), "\" y=\"", Fixed(kHeight + 18, 0), "\" text-anchor=\"", anchor, "\">",
             Fixed(value, span < 10 ? 1 : 0), " ", EscapeHtml(unit), "</text>\n");
  };
  label(0, "start", low);
  label(kWidth / 2, "middle", low + span / 2);
  label(kWidth, "end", low + span);
  body_ += "</svg>\n";
}

void HtmlPage::Table(const std::vector<std::vector<std::string>>& rows) {
  body_ += "<div class=\"scroll\"><table>\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    body_ += "<tr>";
    for (const std::string& cell : rows[r]) {
      AppendTo(body_, r == 0 ? "<th>" : "<td>", EscapeHtml(cell), r == 0 ? "</th>" : "</td>");
    }
    body_ += "</tr>\n";
  }
  body_ += "</table></div>\n";
}

void HtmlPage::Code(std::string_view file, const std::vector<CodeLine>& lines) {
  AppendTo(body_, "<p>", EscapeHtml(file), "</p>\n<pre>");
  for (const CodeLine& line : lines) {
    std::string number = Cat(line.number);
    if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
    AppendTo(body_, "<i>", number, "</i>  ", EscapeHtml(line.text));
    if (!line.note.empty()) AppendTo(body_, "  <b>", EscapeHtml(line.note), "</b>");
    body_ += "\n";
  }
  body_ += "</pre>\n";
}

void HtmlPage::Timeline(const std::vector<Moment>& moments) {
  body_ += "<ol class=\"time\">\n";
  for (const Moment& moment : moments) {
    AppendTo(body_, "<li", moment.bad ? " class=\"bad\"" : "", "><time>", EscapeHtml(moment.time), "</time>",
             EscapeHtml(moment.text), "</li>\n");
  }
  body_ += "</ol>\n";
}

std::string HtmlPage::Text() const {
  return Cat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
             "'unsafe-inline'\">\n",
             "<link rel=\"icon\" href=\"data:,\">\n<title>", EscapeHtml(title_), "</title>\n<style>", kStyle,
             "</style>\n</head>\n<body>\n<h1>", EscapeHtml(title_), "</h1>\n", body_, "</body>\n</html>\n");
}

}  // namespace reprieve::report
