// Agenda: what happens in a simulated world, and when. Of equal times the one noted first comes first.
//
// Times are kept apart from the actions, so that ordering moves three words and never an action. One owner, no lock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "base/time.h"

namespace reprieve::sim {

class Agenda {
 public:
  using Action = std::function<void()>;

  void At(Time when, Action action) {
    std::uint32_t place = static_cast<std::uint32_t>(actions_.size());
    if (free_.empty()) {
      actions_.push_back(std::move(action));
    } else {
      place = free_.back();
      free_.pop_back();
      actions_[place] = std::move(action);
    }
    heap_.push({when, next_sequence_++, place});
  }
  std::optional<Time> NextDue() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.top().when;
  }
  // Does the next thing that is due at `now`; false if nothing is.
  bool DoOne(Time now) {
    if (heap_.empty() || heap_.top().when > now) return false;
    const std::uint32_t place = heap_.top().place;
    heap_.pop();
    // What it does may note further actions: it must not stand in their way.
    const Action action = std::exchange(actions_[place], nullptr);
    free_.push_back(place);
    action();
    return true;
  }

 private:
  struct Entry {
    Time when;
    std::uint64_t sequence;
    std::uint32_t place;
    bool operator<(const Entry& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };
  std::priority_queue<Entry> heap_;
  std::vector<Action> actions_;
  std::vector<std::uint32_t> free_;  // places in actions_
  std::uint64_t next_sequence_ = 0;
};

}  // namespace reprieve::sim
