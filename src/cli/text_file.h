// Texts that other files or flags name: traces, failure logs, manifests of tests.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace reprieve::cli {

inline constexpr std::size_t kMostTextBytes = std::size_t{256} << 20;

// The whole text, or why it can't be read, with its name; "-" is standard input.
[[nodiscard]] Result<std::string> ReadTextFile(const std::string& path);

// A file's name as it is seen from the file that names it.
[[nodiscard]] std::string Beside(const std::string& file, const std::string& name);

}  // namespace reprieve::cli
