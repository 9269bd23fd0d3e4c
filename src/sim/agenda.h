// Agenda: what happens in a simulated world, and when. Of equal times the one noted first comes first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "base/time.h"

namespace reprieve::sim {

class Agenda {
 public:
  using Action = std::function<void()>;

  void At(Time when, Action action) { heap_.push({when, next_sequence_++, std::move(action)}); }
  std::optional<Time> NextDue() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.top().when;
  }
  // Does the next thing that is due at `now`; false if nothing is.
  bool DoOne(Time now) {
    if (heap_.empty() || heap_.top().when > now) return false;
    const Action action = std::move(heap_.top().action);
    heap_.pop();
    action();
    return true;
  }

 private:
  struct Entry {
    Time when;
    std::uint64_t sequence;
    mutable Action action;  // moved out of the top, just before it is popped
    bool operator<(const Entry& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };
  std::priority_queue<Entry> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace reprieve::sim
