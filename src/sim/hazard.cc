#include "sim/hazard.h"

#include <algorithm>
#include <cmath>

namespace reprieve::sim {
namespace {

constexpr double kNormal95 = 1.959963984540054;
// No simulated world lasts longer, and nanoseconds hold it.
constexpr double kMostSeconds = 200.0 * 365 * 86400;

// Sums over all times, those of failures and those without.
struct Sums {
  double power = 0;      // t^k
  double power_log = 0;  // t^k ln t
  double power_log2 = 0;
};

Sums SumsAt(double shape, const std::vector<double>& times, const std::vector<double>& censored, double unit) {
  Sums out;
  for (const auto* all : {&times, &censored}) {
    for (const double time : *all) {
      const double log = std::log(time / unit);
      const double power = std::exp(shape * log);
      out.power += power;
      out.power_log += power * log;
      out.power_log2 += power * log * log;
    }
  }
  return out;
}

// The shape at which the likelihood's slope is zero: it falls in the shape, so that halving finds it.
double SolveShape(const std::vector<double>& times, const std::vector<double>& censored, double unit) {
  double mean_log = 0;
  for (const double time : times) mean_log += std::log(time / unit);
  mean_log /= static_cast<double>(times.size());
  double low = 1e-3;
  double high = 1e3;
  for (int i = 0; i < 200 && high / low > 1 + 1e-12; ++i) {
    const double shape = std::sqrt(low * high);
    const Sums sums = SumsAt(shape, times, censored, unit);
    const double slope = 1 / shape + mean_log - sums.power_log / sums.power;
    (slope > 0 ? low : high) = shape;
  }
  return std::sqrt(low * high);
}

std::uint64_t Mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace

double Hazard::MeanSeconds() const {
  return scale_seconds * std::tgamma(1 + 1 / shape);
}

Nanoseconds Hazard::Sample(Random& random, double faster) const {
  const double seconds = scale_seconds / faster * std::pow(-std::log(Uniform(random)), 1 / shape);
  return Nanoseconds(static_cast<std::int64_t>(std::min(seconds, kMostSeconds) * 1e9));
}

Random StreamOf(std::uint64_t seed, std::string_view source, std::uint64_t index) {
  std::uint64_t state = Mix(seed);
  for (const char c : source) state = Mix(state ^ static_cast<unsigned char>(c));
  return Random(Mix(state ^ index));
}

double Uniform(Random& random) {
  // 53 bits, in the middle of their interval: neither 0 nor 1.
  return (static_cast<double>(random.Next() >> 11) + 0.5) * 0x1p-53;
}

HazardFit FitHazard(const std::vector<double>& times, const std::vector<double>& censored, bool exponential) {
  HazardFit out;
  out.failures = times.size();
  const auto count = static_cast<double>(times.size());
  // Near 1, so that powers neither overflow nor vanish.
  const double unit = *std::max_element(times.begin(), times.end());
  const double shape = exponential ? 1 : SolveShape(times, censored, unit);
  const Sums sums = SumsAt(shape, times, censored, unit);
  const double scale = unit * std::pow(sums.power / count, 1 / shape);
  out.hazard = {shape, scale};
  // The observed information in log shape and log scale, at the maximum.
  const double ratio = scale / unit;
  const double log_ratio = std::log(ratio);
  const double scaled = std::pow(ratio, -shape);
  const double h2 = scaled * (sums.power_log2 - 2 * log_ratio * sums.power_log + log_ratio * log_ratio * sums.power);
  const double h1 = scaled * (sums.power_log - log_ratio * sums.power);
  const double shape_shape = count + shape * shape * h2;
  const double scale_scale = shape * shape * count;
  const double shape_scale = exponential ? 0 : -shape * shape * h1;
  const double determinant = shape_shape * scale_scale - shape_scale * shape_scale;
  const double shape_error = exponential ? 0 : std::sqrt(scale_scale / determinant);
  const double scale_error = exponential ? 1 / std::sqrt(count) : std::sqrt(shape_shape / determinant);
  out.shape_low = shape * std::exp(-kNormal95 * shape_error);
  out.shape_high = shape * std::exp(kNormal95 * shape_error);
  out.scale_low_seconds = scale * std::exp(-kNormal95 * scale_error);
  out.scale_high_seconds = scale * std::exp(kNormal95 * scale_error);
  return out;
}

}  // namespace reprieve::sim
