// NeighbourHash: for sets of addresses with a million elements (base/flat_hash.h). Addresses close to each other are
// close in the table too: what was made together is mostly asked for together, and then one cache miss serves several.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reprieve {

// The table's groups have 15 places: the upper bits choose one, the lowest byte tells its elements apart.
struct NeighbourHash {
  using is_avalanching = void;
  std::size_t operator()(const void* address) const noexcept {
    constexpr int kBlockBits = 10;  // 1 KiB: four pods
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const std::uint64_t group = (at >> kBlockBits) * 0x9E3779B97F4A7C15U;
    return (group & ~std::uint64_t{0xFF}) | ((group >> 32 ^ at >> 4) & 0xFF);
  }
};

}  // namespace reprieve
