#include "base/shared_value.h"

#include <gtest/gtest.h>

#include <memory>

namespace reprieve {
namespace {

TEST(SharedValue, IsThereUntilItsLastCopyIsGone) {
  const auto life = std::make_shared<int>(7);
  SharedValue<std::shared_ptr<int>> first(life);
  {
    const SharedValue<std::shared_ptr<int>> second = first;  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_TRUE(second.SharesWith(first));
    EXPECT_EQ(life.use_count(), 2);
    first = SharedValue<std::shared_ptr<int>>();
    EXPECT_FALSE(first);
    EXPECT_EQ(**second, 7);
  }
  EXPECT_EQ(life.use_count(), 1);
}

TEST(SharedValue, AnAssignmentLetsTheFormerOneGo) {
  const auto life = std::make_shared<int>(7);
  SharedValue<std::shared_ptr<int>> value(life);
  SharedValue<std::shared_ptr<int>>& itself = value;
  value = itself;
  EXPECT_EQ(life.use_count(), 2);
  value = SharedValue<std::shared_ptr<int>>(std::make_shared<int>(8));
  EXPECT_EQ(life.use_count(), 1);
  EXPECT_EQ(**value, 8);
}

}  // namespace
}  // namespace reprieve
