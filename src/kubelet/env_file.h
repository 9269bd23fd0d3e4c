// Files of variables, as fileKeyRef reads them: lines NAME='VALUE'.
//
// Source: the API's FileKeySelector and the documented format of env files: blank lines and comments (#) are skipped, a
// value stands between single quotes and may go over several lines. Errors make a container wait.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kubelet/downward.h"

namespace reprieve::kubelet {

// Pure. An error names the line.
Result<std::map<std::string, std::string>> ParseEnvFile(std::string_view text);

// Reads the file from the pod's volume, at most 64 KiB. Nothing: it is optional, and file or key are not there.
Result<std::optional<std::string>> ValueOfFile(const core::Value& file_key_ref, const PodFacts& facts);

}  // namespace reprieve::kubelet
