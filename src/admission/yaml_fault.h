// Why a file is no YAML, in words for whoever wrote it: the two usual causes, which libyaml's own messages don't name.
//
// Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "document/yaml.h"

namespace reprieve::admission {

struct YamlFault {
  document::Mark mark;
  std::string message;
  std::string advice;  // may be empty
};

// A tab in the indentation, or a template that was not rendered ({{ }}), at its place; any other error unchanged.
[[nodiscard]] YamlFault ExplainYamlError(std::string_view text, const document::YamlError& error);

}  // namespace reprieve::admission
