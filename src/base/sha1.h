// SHA-1 as a fingerprint, where an interface asks for it; it keeps nothing secret. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace reprieve {

// 40 hexadecimal digits, lower case.
std::string Sha1Hex(std::string_view text);

}  // namespace reprieve
