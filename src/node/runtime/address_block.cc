#include "node/runtime/address_block.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "base/text.h"

namespace reprieve::node {
namespace {

constexpr std::uint32_t kFirst = 64;
constexpr std::uint32_t kLast = 254;
constexpr std::uint32_t kHostsPerNetwork = 254;

// Not ok if another run has it.
Fd ClaimName(std::uint32_t second_byte) {
  const std::string name = Cat("reprieve/addresses/127.", second_byte);
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

std::optional<AddressBlock> AddressBlock::Claim() {
  for (std::uint32_t second_byte = kFirst; second_byte <= kLast; ++second_byte) {
    Fd claim = ClaimName(second_byte);
    if (claim.ok()) return AddressBlock(second_byte, std::move(claim));
  }
  return std::nullopt;
}

AddressBlock AddressBlock::Unclaimed() {
  return {kLast + 1, Fd()};
}

std::string AddressBlock::Address(std::uint32_t number) const {
  return Cat("127.", second_byte_, ".", number / kHostsPerNetwork, ".", number % kHostsPerNetwork + 1);
}

}  // namespace reprieve::node
