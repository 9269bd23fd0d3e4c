#include "node/container_table.h"

#include <utility>

namespace reprieve::node {
namespace {

std::uint64_t NumberOf(runtime::ContainerId id) {
  return static_cast<std::uint64_t>(id);
}

}  // namespace

std::optional<PendingStart> ContainerTable::NextPending() {
  if (pending_.empty() || starting_ >= max_starting_) return std::nullopt;
  const PendingStart next = pending_.front();
  pending_.pop_front();
  return next;
}

void ContainerTable::Add(runtime::ContainerId id, PodRecord& record, std::size_t container) {
  ++starting_;
  containers_.emplace(NumberOf(id), RunningContainer{&record, container, false, {}});
}

RunningContainer* ContainerTable::Find(runtime::ContainerId id) {
  const auto at = containers_.find(NumberOf(id));
  return at == containers_.end() ? nullptr : &at->second;
}

void ContainerTable::MarkStarted(RunningContainer& container) {
  if (!std::exchange(container.started, true)) --starting_;
}

std::optional<RunningContainer> ContainerTable::Remove(runtime::ContainerId id) {
  const auto at = containers_.find(NumberOf(id));
  if (at == containers_.end()) return std::nullopt;
  const RunningContainer ended = at->second;
  containers_.erase(at);
  if (!ended.started) --starting_;
  return ended;
}

}  // namespace reprieve::node
