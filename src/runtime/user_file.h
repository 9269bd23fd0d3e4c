// A file that a user has named, written whole: whoever reads it meanwhile sees the old content or the new.
//
// Only a regular file can be replaced; a device, a pipe or the target of a link is written through, and stays what it
// is. Thread rules: safe from any thread. Errors name neither the option nor the path: the caller knows both.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::runtime {

[[nodiscard]] Status WriteUserFile(const std::string& path, std::string_view text);

}  // namespace reprieve::runtime
