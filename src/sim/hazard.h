// Hazards: when things fail, as distributions of the time from a repair to the next failure.
//
// Every parameter has its name in the field: libraries differ in the order of shape and scale, and in whether an
// exponential is given by its rate or its mean. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace reprieve::sim {

// Weibull: survival exp(-(t / scale)^shape). Shape 1 is the exponential distribution with mean `scale`; below 1 are
// early failures, above 1 wear.
struct Hazard {
  double shape = 1;
  double scale_seconds = 0;

  double MeanSeconds() const;
  // The time to the next failure; `faster`: how many times as often it fails as others do.
  Nanoseconds Sample(Random& random, double faster = 1) const;
};

// A stream of random numbers of its own for each source of failures: two runs with one seed see the same failures,
// whatever else they do.
[[nodiscard]] Random StreamOf(std::uint64_t seed, std::string_view source, std::uint64_t index);
// Uniform in (0, 1).
[[nodiscard]] double Uniform(Random& random);

// What failures that were seen say of a hazard.
struct HazardFit {
  Hazard hazard;
  std::size_t failures = 0;
  // 95 % confidence, from the information of the likelihood.
  double shape_low = 0;
  double shape_high = 0;
  double scale_low_seconds = 0;
  double scale_high_seconds = 0;
};

// Maximum likelihood. `times`: from a repair to its failure. `censored`: times without a failure until the end of what
// was seen. `exponential`: the shape is held at 1. REQUIRES: at least one failure (two if the shape is free), all times
// positive.
[[nodiscard]] HazardFit FitHazard(const std::vector<double>& times, const std::vector<double>& censored,
                                  bool exponential);

}  // namespace reprieve::sim
