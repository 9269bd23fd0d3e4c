#include "base/saturate.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST(DurationOfSeconds, IsExactUpToACentury) {
  EXPECT_EQ(DurationOfSeconds(0), Nanoseconds(0));
  EXPECT_EQ(DurationOfSeconds(-30), Seconds(-30));
  EXPECT_EQ(DurationOfSeconds(kLongestDuration.count() - 1), kLongestDuration - Seconds(1));
  EXPECT_EQ(DurationOfSeconds(kLongestDuration.count()), kLongestDuration);
  EXPECT_EQ(DurationOfSeconds(-kLongestDuration.count()), -kLongestDuration);
}

TEST(DurationOfSeconds, BeyondThatIsACentury) {
  // 9223372037 s is the first number of seconds whose nanoseconds do not fit into 64 bits.
  for (const std::int64_t seconds :
       {kLongestDuration.count() + 1, std::int64_t{9223372036}, std::int64_t{9223372037}, kMax}) {
    EXPECT_EQ(DurationOfSeconds(seconds), kLongestDuration) << seconds;
    EXPECT_EQ(DurationOfSeconds(-seconds), -kLongestDuration) << seconds;
  }
  EXPECT_EQ(DurationOfSeconds(kMin), -kLongestDuration);
}

TEST(DurationOfSeconds, AddedToATimeOfThisCenturyStaysAfterIt) {
  const Time now = *ParseRfc3339("2060-01-01T00:00:00Z");
  EXPECT_GT(now + DurationOfSeconds(kMax) + DurationOfSeconds(kMax), now + DurationOfSeconds(kMax));
}

TEST(Saturated, StopsAtTheBorders) {
  EXPECT_EQ(AddSaturated(kMax - 1, 1), kMax);
  EXPECT_EQ(AddSaturated(kMax, 1), kMax);
  EXPECT_EQ(AddSaturated(kMin, -1), kMin);
  EXPECT_EQ(AddSaturated(kMin, kMax), -1);
  EXPECT_EQ(MultiplySaturated(kMax / 100, 100), kMax - 7);
  EXPECT_EQ(MultiplySaturated(kMax / 100 + 1, 100), kMax);
  EXPECT_EQ(MultiplySaturated(kMax, -2), kMin);
  EXPECT_EQ(MultiplySaturated(-2, -kMax), kMax);
  EXPECT_EQ(MultiplySaturated(kMin, 1), kMin);
}

TEST(Cat, PrintsUnsignedNumbersAboveTheSignedBorder) {
  EXPECT_EQ(Cat(std::uint64_t{9223372036854775807U}), "9223372036854775807");
  EXPECT_EQ(Cat(std::uint64_t{9223372036854775808U}), "9223372036854775808");
  EXPECT_EQ(Cat(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(Cat(kMin, " ", kMax), "-9223372036854775808 9223372036854775807");
}

TEST(ParseDuration, OfPiecesThatAddUpToMoreThanACenturyIsACentury) {
  EXPECT_EQ(ParseDuration("1000000h1000000h1000000h"), kLongestDuration);
}

}  // namespace
}  // namespace reprieve
