// Affinity: the nodes that a pod requires, and the pods that it must be near or away from, as kube-scheduler's filters
// NodeAffinity and InterPodAffinity read it. Preferences are ignored.
//
// Source: core/v1 Affinity; kube-scheduler 1.36 plugins nodeaffinity and interpodaffinity. REQUIRES: validated input.
// Plain values; safe from any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/core.h"

namespace reprieve::scheduler {

// All requirements must hold; an empty term matches no node.
struct NodeTerm {
  std::vector<meta::LabelSelectorRequirement> labels;  // Gt and Lt are allowed as well
  std::vector<meta::LabelSelectorRequirement> fields;  // metadata.name
};

// Selects pods by namespace and labels, within one topology domain: nodes with the same value of the topology key.
struct PodTerm {
  std::optional<meta::LabelSelector> pods;  // absent: none
  std::vector<std::string> namespaces;
  std::optional<meta::LabelSelector> more_namespaces;
  std::string topology_key;

  [[nodiscard]] bool Matches(const std::string& name_space, const meta::Labels& labels) const;
};

struct Affinity {
  std::optional<std::vector<NodeTerm>> nodes;  // one must hold; absent: any node
  std::vector<PodTerm> near;                   // each must select a pod in the domain
  std::vector<PodTerm> away;                   // none may select a pod in the domain

  [[nodiscard]] bool WantsNode(const std::string& name, const std::map<std::string, std::string>& labels) const;
  // True if every term of `near` selects a pod of that namespace and those labels.
  [[nodiscard]] bool NearMatches(const std::string& name_space, const meta::Labels& labels) const;
  bool empty() const { return !nodes && near.empty() && away.empty(); }
  bool about_pods() const { return !near.empty() || !away.empty(); }
};

// The affinity of a pod with that spec, namespace and labels.
[[nodiscard]] Affinity ReadAffinity(const core::PodSpec& spec, const std::string& name_space,
                                    const meta::Labels& labels);

}  // namespace reprieve::scheduler
