// Slots: numbers for the objects that somebody holds, low ones first and used again when they are free. Whoever keeps
// something beside each of those objects keeps it in an array (SlotMap), at a tenth of what a hash table of a million
// costs: neighbours in time are neighbours in memory. One owner, no lock.
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

// What is kept beside the objects, by their slots. Where nothing was put stands a T().
template <class T>
class SlotMap {
 public:
  // REQUIRES: slot is one.
  T& operator[](Slot slot) {
    REPRIEVE_CHECK(slot != kNoSlot, "an object that nobody holds has no slot");
    if (slot >= all_.size()) all_.resize(slot + 1);
    return all_[slot];
  }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  // Null pointer if nothing was ever put there.
  const T* Find(Slot slot) const { return slot < all_.size() ? &all_[slot] : nullptr; }

 private:
  std::vector<T> all_;
};

}  // namespace reprieve
