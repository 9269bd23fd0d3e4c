#include "engine/work_queue.h"

#include <algorithm>
#include <chrono>

namespace reprieve::engine {

void WorkQueue::Add(const WorkKey& key, Time when) {
  const auto [at, fresh] = waiting_.try_emplace(key, Waiting{when, next_sequence_});
  if (fresh) {
    ++counters(key.kind).adds;
  } else {
    if (at->second.when <= when) return;
    at->second = {when, next_sequence_};
  }
  heap_.push({when, next_sequence_++, key});
  Compact();
}

std::optional<WorkKey> WorkQueue::Pop(Time now) {
  DropStale();
  if (heap_.empty() || heap_.top().when > now) return std::nullopt;
  WorkKey key = heap_.top().key;
  counters(key.kind).waited.Observe(std::chrono::duration<double>(now - heap_.top().when).count());
  heap_.pop();
  waiting_.erase(key);
  return key;
}

std::optional<Time> WorkQueue::NextDue() {
  DropStale();
  if (heap_.empty()) return std::nullopt;
  return heap_.top().when;
}

std::size_t WorkQueue::Depth(WorkKind kind, Time now) const {
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& each) {
    return each.first.kind == kind && each.second.when <= now;
  }));
}

void WorkQueue::Compact() {
  constexpr std::size_t kFew = 64;
  if (heap_.size() <= 2 * waiting_.size() + kFew) return;
  std::vector<Entry> entries;
  entries.reserve(waiting_.size());
  for (const auto& [key, waiting] : waiting_) entries.push_back({waiting.when, waiting.sequence, key});
  heap_ = decltype(heap_)(std::greater<>(), std::move(entries));
}

void WorkQueue::DropStale() {
  while (!heap_.empty()) {
    const auto at = waiting_.find(heap_.top().key);
    if (at != waiting_.end() && at->second.sequence == heap_.top().sequence) return;
    heap_.pop();
  }
}

}  // namespace reprieve::engine
