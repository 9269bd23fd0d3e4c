// WorkQueue: which keys are to be reconciled, and when. A key waits at most once, at its earliest time.
//
// Times are the world's. One owner; no lock.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/shared_string.h"
#include "base/time.h"

namespace reprieve::engine {

class WorkQueue {
 public:
  // At `when`, or earlier if the key waits for an earlier time already.
  void Add(const SharedString& key, Time when);
  void Forget(const SharedString& key) { waiting_.erase(key); }
  // The next key whose time has come, earliest first, of equals the one added first; nothing if none has.
  std::optional<SharedString> Pop(Time now);
  // When the next key is due; nothing if none waits.
  std::optional<Time> NextDue();

 private:
  struct Entry {
    Time when;
    std::uint64_t sequence;
    SharedString key;
    bool operator>(const Entry& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };
  void DropStale();

  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
  // The sequence of the entry that counts for a key; other entries of it are stale.
  struct Waiting {
    Time when;
    std::uint64_t sequence;
  };
  std::unordered_map<SharedString, Waiting> waiting_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace reprieve::engine
