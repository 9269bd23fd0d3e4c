// AddressBlock: the addresses X.Y.0.0/16 that this run gives to its pods and no other run on this machine does.
//
// A run claims a block by an abstract Unix socket of the block's name. Such names belong to a network namespace, as the
// addresses do; any user may have one, and the kernel takes it back however the run ends.
//
// Thread rules: immutable once claimed. Errors: absent where every block is another's.
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
  // 1 to 254 of each network X.Y.0 to X.Y.254: .0 and .255 look like no host's. X.Y.255 is left for others than pods.
  static constexpr std::uint32_t kAddresses = 255 * 254;

  // Of this machine's own loopback network: the first free one of 127.64 to 127.254; below are addresses that programs
  // take for themselves.
  static std::optional<AddressBlock> Claim();
  // 127.255, which nobody claims: for when none is to be had. Another run that finds none has the same.
  static AddressBlock Unclaimed();
  // For networks of pods' own: the first of 100.64 to 100.127, which providers keep between themselves and their
  // customers (RFC 6598), and then 10.128 to 10.254, that is no run's and that none of `routes` goes to.
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
