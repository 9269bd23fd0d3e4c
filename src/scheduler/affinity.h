// Affinity: which nodes a pod wants, and which other pods near or far, as kube-scheduler's filters NodeAffinity and
// InterPodAffinity read it. Only what is required: preferences are not looked at.
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

// All of it holds; a term that asks for nothing matches no node.
struct NodeTerm {
  std::vector<meta::LabelSelectorRequirement> labels;  // with Gt and Lt beside the usual operators
  std::vector<meta::LabelSelectorRequirement> fields;  // metadata.name
};

// Pods of some namespaces and labels, in the same domain: on nodes that have the same value for the topology key.
struct PodTerm {
  std::optional<meta::LabelSelector> pods;  // absent: none
  std::vector<std::string> namespaces;
  std::optional<meta::LabelSelector> more_namespaces;
  std::string topology_key;

  [[nodiscard]] bool Matches(const std::string& name_space, const meta::Labels& labels) const;
};

struct Affinity {
  std::optional<std::vector<NodeTerm>> nodes;  // one of them holds; absent: any node will do
  std::vector<PodTerm> near;                   // a pod of each is in the domain
  std::vector<PodTerm> away;                   // no pod of any is in the domain

  [[nodiscard]] bool WantsNode(const std::string& name, const std::map<std::string, std::string>& labels) const;
  // A pod of that namespace and those labels is one that every term of `near` asks for.
  [[nodiscard]] bool NearMatches(const std::string& name_space, const meta::Labels& labels) const;
  bool empty() const { return !nodes && near.empty() && away.empty(); }
  bool about_pods() const { return !near.empty() || !away.empty(); }
};

// Of a pod of that spec, namespace and labels.
[[nodiscard]] Affinity ReadAffinity(const core::PodSpec& spec, const std::string& name_space,
                                    const meta::Labels& labels);

}  // namespace reprieve::scheduler
