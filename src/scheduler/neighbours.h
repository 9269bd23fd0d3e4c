// Neighbours: which pods stand in which topology domain, for terms about other pods.
//
// A question costs as much as there are pods on nodes if the pod that asks has terms of its own; else only as much as
// there are pods that keep others away. Source: kube-scheduler's plugin interpodaffinity. One owner, no lock.
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
  // Stands there from now on. `pod` and `labels`, its node's, live until Remove; `affinity` may be null.
  void Add(const core::Pod& pod, const NodeLabels& labels, std::shared_ptr<const Affinity> affinity);
  // Nothing happens if it does not stand anywhere.
  void Remove(const core::Pod& pod);
  // Somebody keeps others away.
  bool any_repels() const { return !repelling_.empty(); }

  // What the pods that stand somewhere mean for one that wants a place.
  class View {
   public:
    // Why a node with these labels won't do, in the scheduler's words; nothing: it will.
    std::optional<std::string_view> Obstacle(const NodeLabels& labels) const;
    // As if those whom it wants to be near to were everywhere, and nobody else anywhere.
    static View Friendly(const Affinity* affinity);

   private:
    friend class Neighbours;
    using Domains = std::set<std::pair<std::string, std::string>>;  // topology key, value
    const Affinity* affinity_ = nullptr;                            // null: the pod has no terms
    Domains near_;                                                  // with pods that all terms of `near` ask for
    Domains away_;                                                  // with pods that it wants to be away from
    Domains repelling_;                                             // with pods that keep it away
    bool first_ = false;  // of those that it wants to be near to: there is none yet, and it is one itself
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
