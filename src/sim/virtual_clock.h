// VirtualClock: time that passes only when the simulation says so.
#pragma once

#include "base/check.h"
#include "world/clock.h"

namespace reprieve::sim {

class VirtualClock final : public world::Clock {
 public:
  explicit VirtualClock(Time start) : now_(start) {}
  Time Now() const override { return now_; }
  // REQUIRES: `when` is not before Now().
  void AdvanceTo(Time when) {
    REPRIEVE_CHECK(when >= now_, "time does not go back");
    now_ = when;
  }

 private:
  Time now_;
};

}  // namespace reprieve::sim
