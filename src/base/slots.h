// Slots: small numbers for live objects, reused once they are free. Data about each object can then be kept in an array
// (SlotMap), at a tenth of the cost of a hash table with a million entries: objects that are created together are
// neighbours in memory. One owner, no lock.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/check.h"

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

// Data about objects, indexed by their slots. An entry that was never set is T().
template <class T>
class SlotMap {
 public:
  // REQUIRES: slot != kNoSlot.
  T& operator[](Slot slot) {
    REPRIEVE_CHECK(slot != kNoSlot, "the object has no slot");
    if (slot >= all_.size()) all_.resize(slot + 1);
    return all_[slot];
  }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  // Null if the slot is beyond all that were ever set.
  const T* Find(Slot slot) const { return slot < all_.size() ? &all_[slot] : nullptr; }

 private:
  std::vector<T> all_;
};

}  // namespace reprieve
