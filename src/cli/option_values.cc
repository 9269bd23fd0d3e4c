#include "cli/option_values.h"

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace reprieve::cli {

// CLI11 tells them as part of the type: "TEXT:{bash,zsh,fish}".
std::vector<std::string> ValuesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return {};
  std::vector<std::string> out;
  for (const std::string_view value : Split(std::string_view(type).substr(open + 1, close - open - 1), ',')) {
    out.emplace_back(value);
  }
  return out;
}

}  // namespace reprieve::cli
