#include "engine/histogram.h"

#include <gtest/gtest.h>

namespace reprieve {
namespace {

constexpr std::array<double, 3> kBounds = ExponentialBounds<3>(1, 10);

TEST(Histogram, AValueThatIsABoundCountsBelowIt) {
  Histogram histogram(kBounds);
  for (const double value : {0.5, 1.0, 1.1, 100.0, 100.5}) histogram.Observe(value);
  EXPECT_EQ(histogram.in_bucket(0), 2U);
  EXPECT_EQ(histogram.in_bucket(1), 1U);
  EXPECT_EQ(histogram.in_bucket(2), 1U);
  EXPECT_EQ(histogram.in_bucket(3), 1U);
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_DOUBLE_EQ(histogram.sum(), 203.1);
}

}  // namespace
}  // namespace reprieve
