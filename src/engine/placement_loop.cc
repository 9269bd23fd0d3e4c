#include "engine/placement_loop.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::engine {
namespace {

constexpr Nanoseconds kRetry = Seconds(1);

bool IsBoundLeader(const core::Pod& pod) {
  return controllers::IsLeader(pod) && !pod.node_name.empty() && pod.IsActive();
}

}  // namespace

void PlacementLoop::PodChanged(const core::Pod& pod) {
  auto at = group_of_.find(&pod);
  if (at == group_of_.end()) {
    if (!controllers::IsPlacedExclusively(pod)) return;
    const SharedString* key = pod.metadata.labels.Find(jobset::kJobKey);
    if (key == nullptr) return;
    at = group_of_.emplace(&pod, Cat(pod.metadata.namespace_, "/", *key)).first;
    groups_[at->second].insert(&pod);
  }
  if (IsBoundLeader(pod)) Enqueue(at->second);
}

void PlacementLoop::PodDeleted(const core::Pod& pod) {
  const auto at = group_of_.find(&pod);
  if (at == group_of_.end()) return;
  const auto group = groups_.find(at->second);
  group->second.erase(&pod);
  if (group->second.empty()) {
    context_.queue.Forget({WorkKind::kPlacement, group->first});
    groups_.erase(group);
  }
  group_of_.erase(at);
}

std::vector<meta::Uid> PlacementLoop::NodeChanged(const core::Node& node) {
  KnownNode& known = nodes_[node.metadata.name.str()];
  const std::uint64_t labels = node.metadata.labels.stamp();
  const bool same = known.node != nullptr && known.labels == labels;
  known = {&node, labels};
  std::vector<meta::Uid> jobs;
  if (same) return jobs;
  for (const auto& [key, pods] : groups_) {
    for (const core::Pod* pod : pods) {
      const meta::OwnerReference* owner = pod->metadata.Controller();
      if (owner == nullptr || pod->node_name != node.metadata.name || !IsBoundLeader(*pod)) continue;
      Enqueue(key);
      jobs.push_back(owner->uid);
    }
  }
  return jobs;
}

void PlacementLoop::Enqueue(const SharedString& group, Nanoseconds delay) {
  context_.queue.Add({WorkKind::kPlacement, group}, context_.clock.Now() + delay);
}

void PlacementLoop::Run(const SharedString& group) {
  const auto at = groups_.find(group);
  if (at == groups_.end()) return;
  if (const auto flight = flights_.find(group); flight != flights_.end()) {
    flight->second.missed = true;
    return;
  }
  controllers::PlacementLookup lookup;
  lookup.node = [this](const std::string& name) -> const core::Node* {
    const auto node = nodes_.find(name);
    return node == nodes_.end() ? nullptr : node->second.node;
  };
  const std::vector<const core::Pod*> pods(at->second.begin(), at->second.end());
  const auto leader = std::find_if(pods.begin(), pods.end(), [](const core::Pod* pod) { return IsBoundLeader(*pod); });
  if (leader == pods.end()) return;
  world::Plan plan = controllers::ReconcilePlacement(**leader, pods, lookup);
  if (plan.stages.empty()) return;
  Flight& flight = flights_[group];
  flight.plan = std::move(plan);
  context_.plans.Run(flight.plan, [this, group](const world::PlanReport& report) {
    const bool missed = flights_.at(group).missed;
    flights_.erase(group);
    if (!report.complete()) return Enqueue(group, kRetry);
    if (missed) Enqueue(group);
  });
}

}  // namespace reprieve::engine
