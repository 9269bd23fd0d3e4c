// Slots: small numbers for live objects, reused once they are free, so that data about each object can be kept in an
// array (base/slot_table.h). One owner, no lock.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace reprieve {

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = std::numeric_limits<Slot>::max();

class Slots {
 public:
  Slot Take() {
    if (free_.empty()) return next_++;
    const Slot last = free_.back();
    free_.pop_back();
    return last;
  }
  void Free(Slot slot) { free_.push_back(slot); }

 private:
  std::vector<Slot> free_;
  Slot next_ = 0;
};

}  // namespace reprieve
