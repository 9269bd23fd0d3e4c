// What samples say: means and percentiles with their confidence.
//
// Source: Student's t for means of few runs, Wilson's interval for proportions. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <vector>

namespace reprieve::sim {

struct Estimate {
  double mean = 0;
  double half_width = 0;  // of the 95 % interval; 0 if there is but one sample
  std::size_t samples = 0;
};
[[nodiscard]] Estimate MeanOf(const std::vector<double>& samples);

struct Interval {
  double low = 0;
  double high = 0;
};
// Of a probability, from `hits` of `trials`, at 95 %. REQUIRES: trials > 0.
[[nodiscard]] Interval ProportionOf(std::size_t hits, std::size_t trials);

// Between the samples where it falls between them. REQUIRES: samples is not empty, 0 <= p <= 1.
[[nodiscard]] double PercentileOf(std::vector<double> samples, double p);

// How sure it is that the mean of these differences has the sign that it shows: 0.5 to 1.
[[nodiscard]] double Sureness(const std::vector<double>& differences);

}  // namespace reprieve::sim
