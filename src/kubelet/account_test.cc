#include "kubelet/account.h"

#include <gtest/gtest.h>

namespace reprieve::kubelet {
namespace {

TEST(Account, HasItsOwnGroupHomeAndThoseItIsAMemberOf) {
  const auto account = AccountIn(7, "root:x:0:0::/root:/bin/sh\nbob:x:7:8::/home/bob:/bin/sh\n",
                                 "a:x:20:alice,bob\nb:x:21:alice\nc:x:22:bob\n");
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->group, 8U);
  EXPECT_EQ(account->home, "/home/bob");
  EXPECT_EQ(account->groups, (std::vector<std::uint32_t>{20, 22}));
}

TEST(Account, ANumberWithoutAnEntryHasNone) {
  EXPECT_FALSE(AccountIn(9, "bob:x:7:8::/:/bin/sh\nbroken\n", "a:x:20:\n").has_value());
}

}  // namespace
}  // namespace reprieve::kubelet
