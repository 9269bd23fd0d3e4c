#include "sim/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/hazard.h"

namespace reprieve::sim {
namespace {

// Values of tables of Student's t: 12.706 for one degree of freedom, 2.262 for nine.
TEST(Statistics, MeansHaveStudentsInterval) {
  const Estimate two = MeanOf({1, 3});
  EXPECT_DOUBLE_EQ(two.mean, 2);
  EXPECT_NEAR(two.half_width, 12.706, 0.001);
  const Estimate ten = MeanOf({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_NEAR(ten.half_width, 2.2622 * 3.02765 / std::sqrt(10), 0.001);
  EXPECT_DOUBLE_EQ(MeanOf({7}).half_width, 0);
}

TEST(Statistics, ProportionsHaveWilsonsInterval) {
  EXPECT_NEAR(ProportionOf(0, 20).high, 0.1611, 0.0005);
  EXPECT_DOUBLE_EQ(ProportionOf(0, 20).low, 0);
  EXPECT_NEAR(ProportionOf(10, 20).low, 0.2993, 0.0005);
}

TEST(Statistics, Percentiles) {
  EXPECT_DOUBLE_EQ(PercentileOf({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(PercentileOf({1, 2}, 0.25), 1.25);
  EXPECT_DOUBLE_EQ(PercentileOf({5}, 0.9), 5);
}

TEST(Statistics, SurenessGrowsWithTheSizeOfADifference) {
  EXPECT_DOUBLE_EQ(Sureness({1, -1}), 0.5);
  EXPECT_DOUBLE_EQ(Sureness({1, 1, 1}), 1);
  EXPECT_NEAR(Sureness({1, 2, 3, 4}), 1 - 0.0152, 0.001);
}

TEST(Hazard, WeibullsShapeAndScaleComeBackFromItsFailures) {
  for (const double shape : {0.7, 1.0, 2.5}) {
    const Hazard hazard{shape, 1e6};
    Random random(7);
    std::vector<double> times;
    std::vector<double> censored;
    for (int i = 0; i < 40'000; ++i) {
      const double seconds = static_cast<double>(hazard.Sample(random).count()) / 1e9;
      // What was seen ended after twice the scale.
      (seconds < 2e6 ? times : censored).push_back(std::min(seconds, 2e6));
    }
    const HazardFit fit = FitHazard(times, censored, false);
    EXPECT_NEAR(fit.hazard.shape, shape, 0.02 * shape);
    EXPECT_NEAR(fit.hazard.scale_seconds, 1e6, 0.02e6);
    EXPECT_LT(fit.shape_low, shape);
    EXPECT_GT(fit.shape_high, shape);
    EXPECT_LT(fit.scale_low_seconds, 1e6);
    EXPECT_GT(fit.scale_high_seconds, 1e6);
  }
}

TEST(Hazard, AnExponentialIsFittedByItsMean) {
  const HazardFit fit = FitHazard({10, 20, 30}, {40}, true);
  EXPECT_DOUBLE_EQ(fit.hazard.shape, 1);
  EXPECT_NEAR(fit.hazard.scale_seconds, 100.0 / 3, 1e-9);
}

TEST(Hazard, StreamsOfOneSeedDiffer) {
  EXPECT_NE(StreamOf(1, "gpu", 0).Next(), StreamOf(1, "gpu", 1).Next());
  EXPECT_NE(StreamOf(1, "gpu", 0).Next(), StreamOf(1, "network", 0).Next());
  EXPECT_NE(StreamOf(1, "gpu", 0).Next(), StreamOf(2, "gpu", 0).Next());
  EXPECT_EQ(StreamOf(1, "gpu", 3).Next(), StreamOf(1, "gpu", 3).Next());
}

}  // namespace
}  // namespace reprieve::sim
