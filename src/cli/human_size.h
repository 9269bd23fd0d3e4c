// Amounts of bytes as people read them. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace reprieve::cli {

// 512 B, 4.0 KiB, 1.2 GiB. REQUIRES: bytes >= 0.
std::string HumanSize(std::int64_t bytes);

}  // namespace reprieve::cli
