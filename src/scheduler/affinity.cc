#include "scheduler/affinity.h"

#include <algorithm>

#include "base/text.h"
#include "model/bind.h"
#include "model/label_requirement.h"

namespace reprieve::scheduler {
namespace {

using meta::LabelSelectorRequirement;

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
// The one label that every namespace has. Others are unknown: manifests can't contain Namespaces.
constexpr std::string_view kNamespaceName = "kubernetes.io/metadata.name";

// A node selector has two more operators than a label selector.
bool NodeHas(const LabelSelectorRequirement& requirement, std::optional<std::string_view> value) {
  const std::string& op = requirement.op;
  if (op != "Gt" && op != "Lt") return meta::Holds(requirement, value);
  if (!value || requirement.values.size() != 1) return false;
  const auto have = ParseInt64(*value);
  const auto bound = ParseInt64(requirement.values.front());
  if (!have || !bound) return false;
  return op == "Gt" ? *have > *bound : *have < *bound;
}

bool Holds(const NodeTerm& term, const std::string& name, const std::map<std::string, std::string>& labels) {
  if (term.labels.empty() && term.fields.empty()) return false;
  const auto of_labels = [&](const LabelSelectorRequirement& requirement) {
    const auto at = labels.find(requirement.key);
    return NodeHas(requirement, at == labels.end() ? std::nullopt : std::optional<std::string_view>(at->second));
  };
  const auto of_fields = [&](const LabelSelectorRequirement& requirement) { return NodeHas(requirement, name); };
  return std::all_of(term.labels.begin(), term.labels.end(), of_labels) &&
         std::all_of(term.fields.begin(), term.fields.end(), of_fields);
}

// The keys' values are taken from the pod itself; keys that it lacks are ignored. On a cluster the API server writes
// them into the selector.
void AddOwnValues(const document::Value& keys, std::string_view op, const meta::Labels& labels,
                  meta::LabelSelector& selector) {
  for (const document::Value& key : keys.items()) {
    const SharedString* value = labels.Find(key.AsText());
    if (value == nullptr) continue;
    LabelSelectorRequirement& requirement = selector.match_expressions.emplace_back();
    requirement.key = key.AsText();
    requirement.op = op;
    requirement.values = {value->str()};
  }
}

std::vector<PodTerm> ReadPodTerms(const document::Value& terms, const std::string& name_space,
                                  const meta::Labels& labels) {
  std::vector<PodTerm> out;
  for (const document::Value& item : terms.items()) {
    PodTerm& term = out.emplace_back();
    model::FromValue(item["labelSelector"], term.pods);
    if (term.pods) {
      AddOwnValues(item["matchLabelKeys"], "In", labels, *term.pods);
      AddOwnValues(item["mismatchLabelKeys"], "NotIn", labels, *term.pods);
    }
    model::FromValue(item["namespaces"], term.namespaces);
    model::FromValue(item["namespaceSelector"], term.more_namespaces);
    if (term.namespaces.empty() && !term.more_namespaces) term.namespaces = {name_space};
    term.topology_key = item["topologyKey"].AsText();
  }
  return out;
}

}  // namespace

bool PodTerm::Matches(const std::string& name_space, const meta::Labels& labels) const {
  bool there = std::find(namespaces.begin(), namespaces.end(), name_space) != namespaces.end();
  if (!there && more_namespaces) {
    meta::Labels known;
    known.Set(kNamespaceName, name_space);
    there = more_namespaces->Matches(known);
  }
  return there && pods && pods->Matches(labels);
}

bool Affinity::WantsNode(const std::string& name, const std::map<std::string, std::string>& labels) const {
  return !nodes ||
         std::any_of(nodes->begin(), nodes->end(), [&](const NodeTerm& term) { return Holds(term, name, labels); });
}

bool Affinity::NearMatches(const std::string& name_space, const meta::Labels& labels) const {
  return std::all_of(near.begin(), near.end(), [&](const PodTerm& term) { return term.Matches(name_space, labels); });
}

Affinity ReadAffinity(const core::PodSpec& spec, const std::string& name_space, const meta::Labels& labels) {
  Affinity out;
  const document::Value& affinity = spec.rest["affinity"];
  if (const document::Value& required = affinity["nodeAffinity"][kRequired]; required.IsObject()) {
    out.nodes.emplace();
    for (const document::Value& item : required["nodeSelectorTerms"].items()) {
      NodeTerm& term = out.nodes->emplace_back();
      model::FromValue(item["matchExpressions"], term.labels);
      model::FromValue(item["matchFields"], term.fields);
    }
  }
  out.near = ReadPodTerms(affinity["podAffinity"][kRequired], name_space, labels);
  out.away = ReadPodTerms(affinity["podAntiAffinity"][kRequired], name_space, labels);
  return out;
}

}  // namespace reprieve::scheduler
