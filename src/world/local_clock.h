// LocalClock: the time of day of this machine, except that it never goes back.
//
// If the system clock is set back, it continues from where it was at normal speed; standing still would hold up every
// deadline. If it is set forward, it follows at once. One owner, the engine's thread.
#pragma once

#include <chrono>

#include "world/clock.h"

namespace reprieve::world {

class LocalClock final : public Clock {
 public:
  Time Now() const override {
    const Time day = std::chrono::system_clock::now();
    const auto steady = std::chrono::steady_clock::now();
    now_ = day >= now_ ? day : now_ + (steady - steady_);
    steady_ = steady;
    return now_;
  }

 private:
  mutable Time now_{};
  mutable std::chrono::steady_clock::time_point steady_{};
};

}  // namespace reprieve::world
