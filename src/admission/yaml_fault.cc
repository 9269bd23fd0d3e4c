#include "admission/yaml_fault.h"

#include <algorithm>

namespace reprieve::admission {
namespace {

using document::Mark;

// Line `number`, which counts from 1, without its end.
std::string_view LineOf(std::string_view text, std::uint32_t number) {
  for (; number > 1 && !text.empty(); --number) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return text.substr(0, text.find('\n'));
}

Mark PlaceIn(std::uint32_t line, std::size_t column) {
  return {line, static_cast<std::uint32_t>(column + 1)};
}

}  // namespace

YamlFault ExplainYamlError(std::string_view text, const document::YamlError& error) {
  // libyaml may notice what is wrong with a line only on the next one.
  for (std::uint32_t line = error.mark.line; line > 0 && line + 1 >= error.mark.line; --line) {
    const std::string_view content = LineOf(text, line);
    const std::size_t tab = content.find('\t');
    if (tab != std::string_view::npos && content.find_first_not_of(" \t-") > tab) {
      return {PlaceIn(line, tab), "a tab: YAML is indented with blanks only", "Replace each tab by blanks."};
    }
    const std::size_t braces = content.find("{{");
    if (braces == std::string_view::npos) continue;
    const std::size_t before = content.find_last_not_of(' ', braces - 1);
    const bool begins = braces == 0 || before == std::string_view::npos;
    const bool quoted = !begins && (content[before] == '"' || content[before] == '\'');
    if (begins || (line == error.mark.line && !quoted)) {
      return {PlaceIn(line, braces), "{{ is part of a template, and not YAML",
              "Render the template first (helm template, envsubst, ...) and use its output."};
    }
  }
  return {error.mark, error.message, ""};
}

}  // namespace reprieve::admission
