// Neighbours: which pods are in which topology domain, for pod affinity and anti-affinity.
//
// A query for a pod with pod terms is linear in the pods on nodes; for any other pod, in the pods with anti-affinity.
// Source: kube-scheduler's plugin interpodaffinity. One owner, no lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "scheduler/affinity.h"

namespace reprieve::scheduler {

using NodeLabels = std::map<std::string, std::string>;

class Neighbours {
 public:
  // Adds a pod that is on a node with these labels. REQUIRES: `pod` and `labels` live until Remove. `affinity` may be
  // null.
  void Add(const core::Pod& pod, const NodeLabels& labels, std::shared_ptr<const Affinity> affinity);
  // No effect if the pod was not added.
  void Remove(const core::Pod& pod);
  // True if any pod has anti-affinity.
  bool any_repels() const { return !repelling_.empty(); }

  // The constraints that the pods on nodes put on one that is to be placed.
  class View {
   public:
    // Why a node with these labels is unsuitable, in the scheduler's words; nullopt: it is suitable.
    std::optional<std::string_view> Obstacle(const NodeLabels& labels) const;
    // As if the pods that it must be near were in every domain, and there were no others.
    static View Friendly(const Affinity* affinity);

   private:
    friend class Neighbours;
    using Domains = std::set<std::pair<std::string, std::string>>;  // topology key, value
    const Affinity* affinity_ = nullptr;                            // null: the pod has no terms
    Domains near_;                                                  // with pods that all terms of `near` select
    Domains away_;                                                  // with pods that it must be away from
    Domains repelling_;                                             // with pods whose anti-affinity excludes it
    bool first_ = false;  // no pod matches its affinity yet, but the pod itself does
  };
  // REQUIRES: `affinity` outlives the view; it may be null.
  View For(const Affinity* affinity, const std::string& name_space, const meta::Labels& labels) const;

 private:
  struct Place {
    const NodeLabels* node = nullptr;
    std::shared_ptr<const Affinity> affinity;
  };

  std::unordered_map<const core::Pod*, Place> places_;
  std::set<const core::Pod*> repelling_;
};

}  // namespace reprieve::scheduler
