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

// Which loop reconciles a key.
enum class WorkKind : std::uint8_t { kJob, kJobSet, kPlacement, kOverdue, kOrphans };

struct WorkKey {
  WorkKind kind = WorkKind::kJob;
  SharedString id;  // among the keys of that kind: a UID, or what the loop has chosen
  bool operator==(const WorkKey&) const = default;
};

class WorkQueue {
 public:
  // At `when`, or earlier if the key waits for an earlier time already.
  void Add(const WorkKey& key, Time when);
  void Forget(const WorkKey& key) { waiting_.erase(key); }
  // The next key whose time has come, earliest first, of equals the one added first; nothing if none has.
  std::optional<WorkKey> Pop(Time now);
  // When the next key is due; nothing if none waits.
  std::optional<Time> NextDue();

 private:
  struct Entry {
    Time when;
    std::uint64_t sequence;
    WorkKey key;
    bool operator>(const Entry& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };
  struct KeyHash {
    std::size_t operator()(const WorkKey& key) const {
      return std::hash<SharedString>()(key.id) + static_cast<std::size_t>(key.kind);
    }
  };
  void DropStale();

  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
  // The sequence of the entry that counts for a key; other entries of it are stale.
  struct Waiting {
    Time when;
    std::uint64_t sequence;
  };
  std::unordered_map<WorkKey, Waiting, KeyHash> waiting_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace reprieve::engine
