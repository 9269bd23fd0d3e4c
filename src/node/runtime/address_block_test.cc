#include "node/runtime/address_block.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace reprieve::node {
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
  EXPECT_EQ(block.Address(AddressBlock::kAddresses - 1), "127.255.255.254");
}

}  // namespace
}  // namespace reprieve::node
