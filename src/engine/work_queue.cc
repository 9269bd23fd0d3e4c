#include "engine/work_queue.h"

namespace reprieve::engine {

void WorkQueue::Add(const WorkKey& key, Time when) {
  const auto [at, fresh] = waiting_.try_emplace(key, Waiting{when, next_sequence_});
  if (!fresh) {
    if (at->second.when <= when) return;
    at->second = {when, next_sequence_};
  }
  heap_.push({when, next_sequence_++, key});
}

std::optional<WorkKey> WorkQueue::Pop(Time now) {
  DropStale();
  if (heap_.empty() || heap_.top().when > now) return std::nullopt;
  WorkKey key = heap_.top().key;
  heap_.pop();
  waiting_.erase(key);
  return key;
}

std::optional<Time> WorkQueue::NextDue() {
  DropStale();
  if (heap_.empty()) return std::nullopt;
  return heap_.top().when;
}

void WorkQueue::DropStale() {
  while (!heap_.empty()) {
    const auto at = waiting_.find(heap_.top().key);
    if (at != waiting_.end() && at->second.sequence == heap_.top().sequence) return;
    heap_.pop();
  }
}

}  // namespace reprieve::engine
