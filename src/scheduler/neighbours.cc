#include "scheduler/neighbours.h"

namespace reprieve::scheduler {
namespace {

template <class Domains>
void AddDomain(const NodeLabels& node, const std::string& topology_key, Domains& out) {
  if (const auto at = node.find(topology_key); at != node.end()) out.emplace(topology_key, at->second);
}

}  // namespace

void Neighbours::Add(const core::Pod& pod, const NodeLabels& labels, std::shared_ptr<const Affinity> affinity) {
  if (affinity && !affinity->away.empty()) repelling_.insert(&pod);
  places_.insert_or_assign(&pod, Place{&labels, std::move(affinity)});
}

void Neighbours::Remove(const core::Pod& pod) {
  places_.erase(&pod);
  repelling_.erase(&pod);
}

Neighbours::View Neighbours::For(const Affinity* affinity, const std::string& name_space,
                                 const meta::Labels& labels) const {
  View out;
  for (const core::Pod* pod : repelling_) {
    const Place& place = places_.at(pod);
    for (const PodTerm& term : place.affinity->away) {
      if (term.Matches(name_space, labels)) AddDomain(*place.node, term.topology_key, out.repelling_);
    }
  }
  if (affinity == nullptr || !affinity->about_pods()) return out;
  out.affinity_ = affinity;
  for (const auto& [pod, place] : places_) {
    const meta::ObjectMeta& other = pod->metadata;
    if (!affinity->near.empty() && affinity->NearMatches(other.namespace_.str(), other.labels)) {
      for (const PodTerm& term : affinity->near) AddDomain(*place.node, term.topology_key, out.near_);
    }
    for (const PodTerm& term : affinity->away) {
      if (term.Matches(other.namespace_.str(), other.labels)) AddDomain(*place.node, term.topology_key, out.away_);
    }
  }
  out.first_ = out.near_.empty() && affinity->NearMatches(name_space, labels);
  return out;
}

Neighbours::View Neighbours::View::Friendly(const Affinity* affinity) {
  View out;
  out.affinity_ = affinity;
  out.first_ = true;
  return out;
}

std::optional<std::string_view> Neighbours::View::Obstacle(const NodeLabels& labels) const {
  const auto in = [&labels](const std::string& key, const Domains& domains) {
    const auto at = labels.find(key);
    return at != labels.end() && domains.contains({key, at->second});
  };
  if (affinity_ != nullptr) {
    for (const PodTerm& term : affinity_->near) {
      if (!labels.contains(term.topology_key) || (!first_ && !in(term.topology_key, near_))) {
        return "node(s) didn't match pod affinity rules";
      }
    }
    for (const PodTerm& term : affinity_->away) {
      if (in(term.topology_key, away_)) return "node(s) didn't match pod anti-affinity rules";
    }
  }
  for (const auto& [key, value] : repelling_) {
    if (const auto at = labels.find(key); at != labels.end() && at->second == value) {
      return "node(s) didn't satisfy existing pods anti-affinity rules";
    }
  }
  return std::nullopt;
}

}  // namespace reprieve::scheduler
