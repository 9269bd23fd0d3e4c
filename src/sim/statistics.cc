#include "sim/statistics.h"

#include <algorithm>
#include <cmath>

namespace reprieve::sim {
namespace {

constexpr double kNormal95 = 1.959963984540054;

// The regularized incomplete beta function by its continued fraction (Lentz).
double IncompleteBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - IncompleteBeta(b, a, 1 - x);
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x)) / a;
  double f = 1;
  double c = 1;
  double d = 0;
  for (int i = 0; i <= 300; ++i) {
    const int m = i / 2;
    const double numerator = i == 0       ? 1.0
                             : i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                          : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    const auto away_from_zero = [](double value) { return std::abs(value) < 1e-300 ? 1e-300 : value; };
    d = 1 / away_from_zero(1 + numerator * d);
    c = away_from_zero(1 + numerator / c);
    f *= c * d;
    if (std::abs(1 - c * d) < 1e-14) break;
  }
  return front * (f - 1);
}

// P(T <= t) of Student's t.
double StudentBelow(double t, double degrees) {
  const double tail = 0.5 * IncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t > 0 ? 1 - tail : tail;
}

// The t that 97.5 % are below.
double Student975(double degrees) {
  double low = 0;
  double high = 100;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (StudentBelow(middle, degrees) < 0.975 ? low : high) = middle;
  }
  return high;
}

double StandardError(const std::vector<double>& samples, double mean) {
  double squares = 0;
  for (const double each : samples) squares += (each - mean) * (each - mean);
  const auto count = static_cast<double>(samples.size());
  return std::sqrt(squares / (count - 1) / count);
}

double Mean(const std::vector<double>& samples) {
  double sum = 0;
  for (const double each : samples) sum += each;
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

}  // namespace

Estimate MeanOf(const std::vector<double>& samples) {
  Estimate out;
  out.samples = samples.size();
  out.mean = Mean(samples);
  if (samples.size() < 2) return out;
  out.half_width = StandardError(samples, out.mean) * Student975(static_cast<double>(samples.size() - 1));
  return out;
}

Interval ProportionOf(std::size_t hits, std::size_t trials) {
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double z2 = kNormal95 * kNormal95;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal95 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double PercentileOf(std::vector<double> samples, double p) {
  std::sort(samples.begin(), samples.end());
  const double at = p * static_cast<double>(samples.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, samples.size() - 1);
  return samples[below] + (samples[above] - samples[below]) * (at - static_cast<double>(below));
}

double Sureness(const std::vector<double>& differences) {
  if (differences.size() < 2) return 0.5;
  const double mean = Mean(differences);
  const double error = StandardError(differences, mean);
  if (error == 0) return mean == 0 ? 0.5 : 1;
  return StudentBelow(std::abs(mean / error), static_cast<double>(differences.size() - 1));
}

}  // namespace reprieve::sim
