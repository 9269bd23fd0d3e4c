// Versions as people write them, of software whose major version does not change: "1.36", "v1.36" or "1.36.3".
//
// Internal to the module. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reprieve::model {

// The minor version; nullopt if `text` is no version, or one of another major version.
[[nodiscard]] std::optional<std::int32_t> MinorVersion(std::string_view text, std::string_view major);

}  // namespace reprieve::model
