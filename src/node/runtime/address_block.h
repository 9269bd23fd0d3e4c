// AddressBlock: the addresses 127.X.0.0/16 that this run gives to its pods and no other run on this machine does.
//
// A run claims a block by an abstract Unix socket of the block's name. Such names belong to a network namespace, as the
// addresses do; any user may have one, and the kernel takes it back however the run ends.
//
// Thread rules: immutable once claimed. Errors: absent where every block is another run's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "node/runtime/fd.h"

namespace reprieve::node {

class AddressBlock {
 public:
  // 1 to 254 of each network X.Y: .0 and .255 look like no host's.
  static constexpr std::uint32_t kAddresses = 256 * 254;

  // The first free one of 127.64 to 127.254: below are addresses that programs take for themselves.
  static std::optional<AddressBlock> Claim();
  // 127.255, which nobody claims: for when none is to be had. Another run that finds none has the same.
  static AddressBlock Unclaimed();

  // REQUIRES: number < kAddresses.
  std::string Address(std::uint32_t number) const;

 private:
  AddressBlock(std::uint32_t second_byte, Fd claim) : second_byte_(second_byte), claim_(std::move(claim)) {}

  std::uint32_t second_byte_;
  Fd claim_;
};

}  // namespace reprieve::node
