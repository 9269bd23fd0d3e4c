// Nodes, and the part that admission plays in exclusive placement (spec/jobset.md 4).
#include "controllers/jobset/placement.h"

#include "store/store.h"

namespace reprieve::store {
namespace {

// js-workers-0-1-x2x4z without its last part.
std::string BaseName(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  return dash == std::string::npos ? name : name.substr(0, dash);
}

}  // namespace

void Store::SetNode(const std::string& name, const std::map<std::string, std::string>& labels) {
  core::Node& node = nodes_[name];
  node = {};
  node.metadata.name = name;
  node.metadata.resource_version = NextVersion();
  for (const auto& [key, value] : labels) node.metadata.labels.Set(key, value);
  Tell([&](world::Watcher& watcher) { watcher.NodeChanged(node); });
}

const core::Node* Store::FindNode(const std::string& name) const {
  const auto at = nodes_.find(name);
  return at == nodes_.end() ? nullptr : &at->second;
}

Status Store::Place(core::Pod& pod) {
  controllers::PlacementLookup lookup;
  lookup.usual_priority = usual_priority_;
  lookup.node = [this](const std::string& name) { return FindNode(name); };
  lookup.pods = [this](const SharedString& name_space, const std::string& base) {
    const auto at = exclusive_.find({name_space, base});
    return at == exclusive_.end() ? std::vector<const core::Pod*>()
                                  : std::vector<const core::Pod*>(at->second.begin(), at->second.end());
  };
  return controllers::PlacePod(pod, lookup);
}

void Store::Index(const core::Pod& pod) {
  if (!controllers::IsPlacedExclusively(pod)) return;
  exclusive_[{pod.metadata.namespace_, BaseName(pod.metadata.name.str())}].insert(&pod);
}

void Store::Unindex(const core::Pod& pod) {
  if (exclusive_.empty() || !controllers::IsPlacedExclusively(pod)) return;
  const auto at = exclusive_.find({pod.metadata.namespace_, BaseName(pod.metadata.name.str())});
  if (at == exclusive_.end()) return;
  at->second.erase(&pod);
  if (at->second.empty()) exclusive_.erase(at);
}

}  // namespace reprieve::store
