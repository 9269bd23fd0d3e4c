#include "runtime/address_block.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace reprieve::runtime {
namespace {

TEST(AddressBlock, TwoClaimsDiffer) {
  const auto one = AddressBlock::Claim();
  const auto other = AddressBlock::Claim();
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->Address(0), other->Address(0));
}

TEST(AddressBlock, NoTwoOfManyAreTheSameAndTheEndFreesThem) {
  std::vector<AddressBlock> claimed;
  std::set<std::string> seen;
  // Others may run on this machine: how many there are is not ours to say.
  while (auto block = AddressBlock::Claim()) {
    EXPECT_TRUE(seen.insert(block->Address(0)).second) << block->Address(0);
    claimed.push_back(std::move(*block));
    ASSERT_LE(claimed.size(), 191U);
  }
  EXPECT_FALSE(seen.contains(AddressBlock::Unclaimed().Address(0)));
  claimed.clear();
  EXPECT_TRUE(AddressBlock::Claim());
}

TEST(AddressBlock, AddressesLookLikeHosts) {
  const AddressBlock block = AddressBlock::Unclaimed();
  EXPECT_EQ(block.Address(0), "127.255.0.1");
  EXPECT_EQ(block.Address(253), "127.255.0.254");
  EXPECT_EQ(block.Address(254), "127.255.1.1");
  EXPECT_EQ(block.Address(AddressBlock::kAddresses - 1), "127.255.254.254");
}

TEST(AddressBlock, BlocksApartKeepOffThisMachinesRoutesAndCloudsServers) {
  const auto range = [](const char* address, std::uint8_t prefix) { return Ipv4Range{Ipv4(address), prefix}; };
  const auto first = [](const std::vector<Ipv4Range>& routes) {
    const auto block = AddressBlock::ClaimApartFrom(routes);
    return block ? block->Address(0) : std::string("none");
  };
  // 100.64 to 100.99 and all from 100.101 on are routed somewhere: 100.100 is left, and not taken.
  const std::vector<Ipv4Range> all_but_100 = {range("100.64.0.0", 11),  range("100.96.0.0", 14),
                                              range("100.101.0.0", 16), range("100.102.0.0", 15),
                                              range("100.104.0.0", 13), range("100.112.0.0", 12)};
  EXPECT_TRUE(first(all_but_100).starts_with("10.")) << first(all_but_100);
  auto all = all_but_100;
  all.push_back(range("10.0.0.0", 8));
  EXPECT_EQ(first(all), "none");
  const auto block = AddressBlock::ClaimApartFrom({range("10.0.0.0", 8), range("100.64.3.4", 32)});
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->Address(0).starts_with("100."));
  EXPECT_FALSE(block->Address(0).starts_with("100.64."));
  EXPECT_TRUE(block->MachineAddress().ends_with(".255.1"));
  EXPECT_TRUE(block->Range().Overlaps(range(block->MachineAddress().c_str(), 32)));
}

}  // namespace
}  // namespace reprieve::runtime
