// Whole small files, as /proc and cgroups have them. Safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace reprieve::runtime {

// Empty if it cannot be read.
std::string ReadFile(const std::string& path);

// Into a file that exists, in one write. 0, or the error.
[[nodiscard]] int WriteFile(const std::string& path, std::string_view text);

}  // namespace reprieve::runtime
