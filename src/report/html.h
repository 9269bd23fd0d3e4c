// A page of HTML for people who look at results: one file, no scripts, no network; light and dark, wide and narrow, and
// on paper. Charts are inline SVG or plain boxes (docs/decisions/0009).
//
// All text is escaped: what a manifest says is never markup. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reprieve::report {

// For text and for attributes in double quotes.
[[nodiscard]] std::string EscapeHtml(std::string_view text);

struct Figure {
  std::string value;  // "92.4 %"
  std::string name;   // "goodput"
  std::string note;   // "±0.3 at 95 %"; may be empty
};

struct Bar {
  std::string name;
  double value = 0;
  std::string shown;            // "1,204 node-hours"
  std::vector<double> parts{};  // shares of the value, each in its own shade; empty: one
};

class HtmlPage {
 public:
  explicit HtmlPage(std::string title) : title_(std::move(title)) {}

  void Heading(std::string_view text);
  void Paragraph(std::string_view text);
  // Numbers that are read first.
  void Figures(const std::vector<Figure>& figures);
  // Lengths in proportion to the largest. `legend`: the names of the parts; empty: there are none.
  void Bars(const std::vector<Bar>& bars, const std::vector<std::string>& legend = {});
  // How values are spread. `unit` follows the numbers below the axis.
  void Histogram(const std::vector<double>& values, std::string_view unit);
  // The first row is the head. Columns after the first are aligned right.
  void Table(const std::vector<std::vector<std::string>>& rows);
  // Lines of the user's file with their numbers and a note beside each: the policy and its counts.
  struct CodeLine {
    std::uint32_t number = 0;
    std::string text;
    std::string note{};
  };
  void Code(std::string_view file, const std::vector<CodeLine>& lines);
  // "12:03:22  text", oldest first.
  struct Moment {
    std::string time;
    std::string text;
    bool bad = false;
  };
  void Timeline(const std::vector<Moment>& moments);

  [[nodiscard]] std::string Text() const;

 private:
  std::string title_;
  std::string body_;
};

}  // namespace reprieve::report
