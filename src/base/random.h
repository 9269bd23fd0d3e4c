// Seeded random numbers: the same seed gives the same sequence on every machine.
//
// Source: xoshiro256** seeded by splitmix64 (Blackman and Vigna). Not for secrets. One owner, no lock.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace reprieve {

class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t Next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  // True with probability `numerator` / `denominator`.
  bool OneIn(std::uint64_t denominator) { return Below(denominator) == 0; }
  // Uniform in [low, high], both included.
  std::int64_t Between(std::int64_t low, std::int64_t high);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace reprieve
