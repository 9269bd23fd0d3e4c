#include "cli/placement_advice.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "scheduler/resources.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kMostLabelValues = 5;

// As people write it: 1500m cpu, 12Gi memory, 8 of anything else.
std::string Quantity(std::string_view resource, std::int64_t amount) {
  if (resource == scheduler::kCpu) return amount % 1000 == 0 ? Cat(amount / 1000) : Cat(amount, "m");
  if (resource != scheduler::kMemory) return Cat(amount);
  for (const auto& [unit, bits] : {std::pair{"Gi", 30}, std::pair{"Mi", 20}, std::pair{"Ki", 10}}) {
    const std::int64_t size = std::int64_t{1} << bits;
    if (amount >= 10 * size || (amount >= size && amount % size == 0)) return Cat(amount / size, unit);
  }
  return Cat(amount);
}

class Advice {
 public:
  Advice(const core::PodSpec& spec, const std::vector<scheduler::Node>& nodes) : spec_(spec), nodes_(nodes) {}

  std::vector<kubelet::FieldFinding> Give() {
    const auto why = scheduler::Placement(nodes_).NeverFits(spec_);
    if (!why) return {};
    CheckName();
    for (const auto& [key, value] : spec_.node_selector) CheckLabel(key, value);
    for (const auto& [resource, amount] : scheduler::RequestsOf(spec_)) CheckAmount(resource, amount);
    if (found_.empty()) Add("", Cat("its pods could never be placed, even with nothing else running: ", *why));
    return std::move(found_);
  }

 private:
  void CheckName() {
    if (spec_.node_name.empty()) return;
    for (const scheduler::Node& node : nodes_) {
      if (node.name == spec_.node_name) return;
    }
    Add("nodeName",
        Cat("there is no node ", spec_.node_name, "; ",
            nodes_.size() == 1 ? std::string("the only one is n1") : Cat("nodes are n1 to n", nodes_.size())));
  }

  void CheckLabel(const std::string& key, const std::string& value) {
    std::set<std::string> others;
    for (const scheduler::Node& node : nodes_) {
      const auto at = node.labels.find(key);
      if (at == node.labels.end()) continue;
      if (at->second == value) return;
      others.insert(at->second);
    }
    std::vector<std::string> some(others.begin(), others.end());
    if (some.size() > kMostLabelValues) some.resize(kMostLabelValues);
    const std::string has =
        others.empty() ? "" : Cat(", only ", Join(some, ", "), others.size() > some.size() ? ", …" : "");
    Add(Cat("nodeSelector[", key, "]"),
        Cat("no node has the label ", key, "=", value, has, "; give it to one with --node-label 'n1:", key, "=", value,
            "', or remove it from the nodeSelector"));
  }

  void CheckAmount(const std::string& resource, std::int64_t wanted) {
    std::int64_t most = 0;
    for (const scheduler::Node& node : nodes_) most = std::max(most, scheduler::AmountOf(node.allocatable, resource));
    if (wanted <= most || resource == "ephemeral-storage") return;
    const auto [path, own] = Greatest(resource);
    const std::string together = own < wanted ? ", all its containers together" : "";
    const std::string node = nodes_.size() == 1 ? "the node" : Cat("the greatest of ", nodes_.size(), " nodes");
    std::string advice =
        Cat("; ask for less, or rehearse it with --node-resource 'n1:", resource, "=", Quantity(resource, wanted), "'");
    if (nodes_.size() > 1 && wanted <= TotalOf(resource))
      advice = "; ask for less, or for fewer --nodes, which have more each";
    Add(path, Cat("no node can take its pods: ", Quantity(resource, wanted), " ", resource, " wanted", together, ", ",
                  node, " has ", Quantity(resource, most), advice));
  }

  std::int64_t TotalOf(const std::string& resource) const {
    std::int64_t total = 0;
    for (const scheduler::Node& node : nodes_) total += scheduler::AmountOf(node.allocatable, resource);
    return total;
  }

  // Where most of it is asked for.
  std::pair<std::string, std::int64_t> Greatest(const std::string& resource) const {
    std::pair<std::string, std::int64_t> out{"", 0};
    const auto look = [&](const std::vector<core::Container>& containers, std::string_view list) {
      for (std::size_t i = 0; i < containers.size(); ++i) {
        const core::ResourceRequirements& of = containers[i].resources;
        const std::int64_t amount = scheduler::AmountOf(scheduler::RequestsOf(containers[i]), resource);
        const std::string_view kind =
            of.requests.contains(resource) && !of.limits.contains(resource) ? "requests" : "limits";
        if (amount > out.second) out = {Cat(list, "[", i, "].resources.", kind, "[", resource, "]"), amount};
      }
    };
    look(spec_.containers, "containers");
    look(spec_.init_containers, "initContainers");
    return out;
  }

  void Add(std::string path, std::string reason) {
    found_.push_back({std::move(path), model::Support::kRefused, std::move(reason)});
  }

  const core::PodSpec& spec_;
  const std::vector<scheduler::Node>& nodes_;
  std::vector<kubelet::FieldFinding> found_;
};

}  // namespace

std::vector<kubelet::FieldFinding> WhyNoPlace(const core::PodSpec& spec, const std::vector<scheduler::Node>& nodes) {
  return Advice(spec, nodes).Give();
}

}  // namespace reprieve::cli
