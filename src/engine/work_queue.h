// WorkQueue: which keys are to be reconciled, and when. A key waits at most once, at its earliest time.
//
// Times are the world's. One owner; no lock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/shared_string.h"
#include "base/time.h"
#include "engine/histogram.h"

namespace reprieve::engine {

// Which loop reconciles a key.
enum class WorkKind : std::uint8_t { kJob, kJobSet, kPlacement, kOverdue, kOrphans };

struct WorkKey {
  WorkKind kind = WorkKind::kJob;
  SharedString id;  // among the keys of that kind: a UID, or what the loop has chosen
  bool operator==(const WorkKey&) const = default;
};

inline constexpr std::size_t kWorkKinds = 5;

// In seconds, as client-go's queues have them.
inline constexpr auto kQueueBounds = ExponentialBounds<12>(1e-8, 10);

// What has happened to the keys of one kind, for metrics.
struct QueueCounters {
  std::uint64_t adds = 0;
  std::uint64_t retries = 0;       // passes that are repeated since a write failed
  Histogram waited{kQueueBounds};  // from when a key was due until its pass began
  Histogram worked{kQueueBounds};  // from then until the last answer of the pass
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

  QueueCounters& counters(WorkKind kind) { return counters_[static_cast<std::size_t>(kind)]; }
  const QueueCounters& counters(WorkKind kind) const { return counters_[static_cast<std::size_t>(kind)]; }
  // Entries that are kept, with those that do not count any more: at most about twice the keys that wait.
  std::size_t kept() const { return heap_.size(); }
  // Keys of that kind whose time has come. Looks at all that wait.
  std::size_t Depth(WorkKind kind, Time now) const;

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
  // Without the entries that do not count any more, once they are most: one that is far away would stay for as long.
  void Compact();

  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
  // The sequence of the entry that counts for a key; other entries of it are stale.
  struct Waiting {
    Time when;
    std::uint64_t sequence;
  };
  std::unordered_map<WorkKey, Waiting, KeyHash> waiting_;
  std::uint64_t next_sequence_ = 0;
  std::array<QueueCounters, kWorkKinds> counters_;
};

}  // namespace reprieve::engine
