// Histogram: how many values were at most each of some bounds, and their sum: what a metric of that type is made of.
//
// A plain value. One owner; no lock.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reprieve {

class Histogram {
 public:
  // `bounds`: ascending, with static storage.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void Observe(double value) {
    ++counts_[static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin())];
    ++count_;
    sum_ += value;
  }

  std::span<const double> bounds() const { return bounds_; }
  // Values in the bucket at that position alone; the last is of those above all bounds.
  std::uint64_t in_bucket(std::size_t position) const { return counts_[position]; }
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// `Count` bounds, each `factor` times the one before it.
template <std::size_t Count>
constexpr std::array<double, Count> ExponentialBounds(double first, double factor) {
  std::array<double, Count> out{};
  for (double& bound : out) {
    bound = first;
    first *= factor;
  }
  return out;
}

}  // namespace reprieve
