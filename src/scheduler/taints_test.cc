#include "scheduler/taints.h"

#include <gtest/gtest.h>

namespace reprieve::scheduler {
namespace {

core::Toleration All(std::optional<std::int64_t> seconds = std::nullopt) {
  core::Toleration out;
  out.op = "Exists";
  out.toleration_seconds = seconds;
  return out;
}

const Taint kTaint{"key", "value", "NoExecute"};

TEST(Taints, APodStaysAsLongAsItsTolerationsSay) {
  EXPECT_EQ(StaysWith(kTaint, {}), Nanoseconds(0));
  EXPECT_EQ(StaysWith(kTaint, {All()}), std::nullopt);
  EXPECT_EQ(StaysWith(kTaint, {All(), All(5), All(2)}), Seconds(2));
  EXPECT_EQ(StaysWith(kTaint, {All(-1)}), Nanoseconds(0));
  core::Toleration other = All();
  other.key = "other";
  EXPECT_EQ(StaysWith(kTaint, {other}), Nanoseconds(0));
}

TEST(Taints, OnlyTwoEffectsKeepPodsAway) {
  EXPECT_EQ(UntoleratedTaint({{"k", "", "PreferNoSchedule"}}, {}), nullptr);
  EXPECT_NE(UntoleratedTaint({{"k", "", "NoSchedule"}}, {}), nullptr);
  EXPECT_EQ(UntoleratedTaint({kTaint}, {All()}), nullptr);
}

}  // namespace
}  // namespace reprieve::scheduler
