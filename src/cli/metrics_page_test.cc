#include "cli/metrics_page.h"

#include <gtest/gtest.h>

namespace reprieve::cli {
namespace {

TEST(MetricsPage, HasHelpTypeAndSamples) {
  MetricsPage page;
  page.Family("jobs_total", "counter", "Jobs by result.");
  page.Sample({{"result", "a \"b\"\\\n"}, {"mode", ""}}, std::uint64_t{3});
  page.Family("depth", "gauge", "What waits.");
  page.Sample({}, 0.5);
  EXPECT_EQ(page.Take(),
            "# HELP jobs_total Jobs by result.\n# TYPE jobs_total counter\n"
            "jobs_total{result=\"a \\\"b\\\"\\\\\\n\",mode=\"\"} 3\n"
            "# HELP depth What waits.\n# TYPE depth gauge\ndepth 0.5\n");
}

TEST(MetricsPage, AHistogramsBucketsAddUp) {
  static constexpr std::array<double, 2> kBounds = {0.5, 2};
  Histogram histogram(kBounds);
  for (const double value : {0.25, 1.0, 1.5, 9.0}) histogram.Observe(value);
  MetricsPage page;
  page.Family("t", "histogram", "T.");
  page.Sample({{"a", "b"}}, histogram);
  EXPECT_EQ(page.Take(),
            "# HELP t T.\n# TYPE t histogram\n"
            "t_bucket{a=\"b\",le=\"0.5\"} 1\nt_bucket{a=\"b\",le=\"2\"} 3\nt_bucket{a=\"b\",le=\"+Inf\"} 4\n"
            "t_sum{a=\"b\"} 11.75\nt_count{a=\"b\"} 4\n");
}

}  // namespace
}  // namespace reprieve::cli
