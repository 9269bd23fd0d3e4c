// Base64 as RFC 4648 section 4 has it. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reprieve {

// nullopt if `text` is not base64 (line breaks are skipped).
std::optional<std::string> DecodeBase64(std::string_view text);

// With padding, without line breaks.
std::string EncodeBase64(std::string_view bytes);

}  // namespace reprieve
