#include "base/shared_vector.h"

#include <gtest/gtest.h>

namespace reprieve {
namespace {

TEST(SharedVector, ACopyIsTheSameListUntilOneIsEdited) {
  SharedVector<int> first(std::vector<int>{1, 2});
  SharedVector<int> second = first;
  EXPECT_TRUE(second.SharesWith(first));
  second.push_back(3);
  EXPECT_FALSE(second.SharesWith(first));
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(second.back(), 3);
}

TEST(SharedVector, TheOnlyHolderEditsInPlace) {
  SharedVector<int> list(std::vector<int>{1, 2});
  const int* before = list.begin();
  list.Edit()[0] = 7;
  EXPECT_EQ(list.begin(), before);
  EXPECT_EQ(list[0], 7);
}

TEST(SharedVector, EqualListsAreEqualSharedOrNot) {
  const SharedVector<int> a(std::vector<int>{1, 2});
  const SharedVector<int> b(std::vector<int>{1, 2});
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a.SharesWith(b));
  EXPECT_EQ(SharedVector<int>(), SharedVector<int>(std::vector<int>{}));
}

TEST(SharedVector, EmptyOnesCanBeReadAndFilled) {
  SharedVector<std::string> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.begin(), list.end());
  list.emplace_back("one");
  EXPECT_EQ(list.front(), "one");
  list.clear();
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace reprieve
