// Agenda: what happens in a simulated world, and when. Of equal times the one noted first comes first.
//
// Much happens at the same time here, where waves of pods start and end together: each time that something is noted for
// has one list of actions, and only the times are kept in order. One owner, no lock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "base/flat_hash.h"
#include "base/time.h"

namespace reprieve::sim {

class Agenda {
 public:
  using Action = std::function<void()>;

  void At(Time when, Action action) { ListAt(when).actions.push_back(std::move(action)); }
  std::optional<Time> NextDue() const {
    if (times_.empty()) return std::nullopt;
    return times_.top().when;
  }
  // Does the next thing that is due at `now`; false if nothing is.
  bool DoOne(Time now) {
    if (times_.empty() || times_.top().when > now) return false;
    const Entry due = times_.top();
    List& list = lists_[due.list];
    // It may add further actions, which can move the list: take it out first.
    const Action action = std::move(list.actions[list.done++]);
    if (list.done == list.actions.size()) Drop(due);
    action();
    return true;
  }

 private:
  struct List {
    std::vector<Action> actions;
    std::size_t done = 0;  // of them
  };
  struct Entry {
    Time when;
    std::uint32_t list;
    bool operator<(const Entry& other) const { return when > other.when; }
  };

  List& ListAt(Time when) {
    if (when == last_.when) return lists_[last_.list];
    const auto [at, fresh] = by_time_.try_emplace(when.time_since_epoch().count(), 0);
    if (fresh) {
      if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(lists_.size()));
        lists_.emplace_back();
      }
      at->second = free_.back();
      free_.pop_back();
      times_.push({when, at->second});
    }
    last_ = {when, at->second};
    return lists_[at->second];
  }
  void Drop(const Entry& done) {
    times_.pop();
    by_time_.erase(done.when.time_since_epoch().count());
    if (last_.when == done.when) last_.when = Time::min();
    List& list = lists_[done.list];
    // The memory of one large wave is not kept.
    if (list.actions.capacity() > kKeptActions) list.actions = {};
    list.actions.clear();
    list.done = 0;
    free_.push_back(done.list);
  }

  static constexpr std::size_t kKeptActions = 64;
  std::priority_queue<Entry> times_;
  FlatMap<Time::rep, std::uint32_t> by_time_;  // the list of each time that something is noted for
  Entry last_{Time::min(), 0};                 // that something was noted for; none: Time::min()
  std::vector<List> lists_;
  std::vector<std::uint32_t> free_;  // lists that are empty
};

}  // namespace reprieve::sim
