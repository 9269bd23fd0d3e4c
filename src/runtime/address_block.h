// AddressBlock: the addresses X.Y.0.0/16 that this run gives to its pods and no other run on this machine does.
//
// A run claims a block by binding an abstract Unix socket with the block's name. Such names belong to a network
// namespace, as the addresses do; any user may bind one, and the kernel frees it however the run ends.
//
// Thread rules: immutable once claimed. Errors: absent if all blocks are claimed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/fd.h"
#include "runtime/netlink.h"

namespace reprieve::runtime {

class AddressBlock {
 public:
  // 1 to 254 of each network X.Y.0 to X.Y.254: .0 and .255 look like no host's. X.Y.255 is not for pods.
  static constexpr std::uint32_t kAddresses = 255 * 254;

  // Of this machine's own loopback network: the first free one of 127.64 to 127.254; below are addresses that programs
  // take for themselves.
  static std::optional<AddressBlock> Claim();
  // 127.255, which is never claimed: used when no block is free, by every run that finds none.
  static AddressBlock Unclaimed();
  // For pods with networks of their own: the first block of 100.64 to 100.127 (shared address space, RFC 6598), then of
  // 10.128 to 10.254, that no other run has claimed and that none of `routes` leads to.
  static std::optional<AddressBlock> ClaimApartFrom(const std::vector<Ipv4Range>& routes);

  // REQUIRES: number < kAddresses.
  std::string Address(std::uint32_t number) const;
  // X.Y.255.1, which no pod has.
  std::string MachineAddress() const;
  // All of it.
  Ipv4Range Range() const;

 private:
  AddressBlock(std::uint32_t first, std::uint32_t second, Fd claim)
      : first_byte_(first), second_byte_(second), claim_(std::move(claim)) {}
  static std::optional<AddressBlock> ClaimOne(std::uint32_t first, std::uint32_t second);

  std::uint32_t first_byte_;
  std::uint32_t second_byte_;
  Fd claim_;
};

}  // namespace reprieve::runtime
