#include "runtime/address_block.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

constexpr std::uint32_t kLoopback = 127;
constexpr std::uint32_t kFirst = 64;
constexpr std::uint32_t kLast = 254;
constexpr std::uint32_t kHostsPerNetwork = 254;

struct Blocks {
  std::uint32_t first_byte;
  std::uint32_t from;
  std::uint32_t to;
};
constexpr std::array kApart = {Blocks{100, 64, 127}, Blocks{10, 128, 254}};

// Clouds have metadata servers there, without a route of their own.
bool IsAClouds(std::uint32_t first_byte, std::uint32_t second_byte) {
  return first_byte == 100 && second_byte == 100;
}

Ipv4Range RangeOf(std::uint32_t first_byte, std::uint32_t second_byte) {
  return {Ipv4(Cat(first_byte, ".", second_byte, ".0.0")), 16};
}

// Not ok if another run has claimed it.
Fd ClaimName(std::uint32_t first_byte, std::uint32_t second_byte) {
  const std::string name = Cat("reprieve/addresses/", first_byte, ".", second_byte);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Abstract: the first byte stays 0.
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  Fd claim(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (claim.ok() && bind(claim.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) claim.Reset();
  return claim;
}

}  // namespace

std::optional<AddressBlock> AddressBlock::ClaimOne(std::uint32_t first, std::uint32_t second) {
  Fd claim = ClaimName(first, second);
  if (!claim.ok()) return std::nullopt;
  return AddressBlock(first, second, std::move(claim));
}

std::optional<AddressBlock> AddressBlock::Claim() {
  for (std::uint32_t second = kFirst; second <= kLast; ++second) {
    if (auto block = ClaimOne(kLoopback, second)) return block;
  }
  return std::nullopt;
}

AddressBlock AddressBlock::Unclaimed() {
  return {kLoopback, kLast + 1, Fd()};
}

std::optional<AddressBlock> AddressBlock::ClaimApartFrom(const std::vector<Ipv4Range>& routes) {
  for (const Blocks& blocks : kApart) {
    for (std::uint32_t second = blocks.from; second <= blocks.to; ++second) {
      const Ipv4Range range = RangeOf(blocks.first_byte, second);
      const bool taken =
          std::any_of(routes.begin(), routes.end(), [&](const Ipv4Range& route) { return route.Overlaps(range); });
      if (taken || IsAClouds(blocks.first_byte, second)) continue;
      if (auto block = ClaimOne(blocks.first_byte, second)) return block;
    }
  }
  return std::nullopt;
}

std::string AddressBlock::Address(std::uint32_t number) const {
  return Cat(first_byte_, ".", second_byte_, ".", number / kHostsPerNetwork, ".", number % kHostsPerNetwork + 1);
}

std::string AddressBlock::MachineAddress() const {
  return Cat(first_byte_, ".", second_byte_, ".255.1");
}

Ipv4Range AddressBlock::Range() const {
  return RangeOf(first_byte_, second_byte_);
}

}  // namespace reprieve::runtime
