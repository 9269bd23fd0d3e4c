#include "node/node_rules.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "model/quantity.h"

namespace reprieve::node {
namespace {

struct Rule {
  std::string_view nodes;
  std::string key;
  std::string value;
};

// `flag` and `example` are for the message.
Result<Rule> ParseRule(std::string_view flag, std::string_view text, std::string_view example) {
  const std::size_t colon = text.find(':');
  const std::size_t equals = text.find('=', colon == std::string_view::npos ? 0 : colon);
  if (colon == std::string_view::npos || equals == std::string_view::npos || equals == colon + 1) {
    return Error{Cat(flag, " ", text, " is not NODE:KEY=VALUE, such as ", example)};
  }
  return Rule{text.substr(0, colon), std::string(text.substr(colon + 1, equals - colon - 1)),
              std::string(text.substr(equals + 1))};
}

// Applies it to each node that its pattern matches; an error if there is none.
Status ForMatching(std::string_view flag, std::string_view text, const Rule& rule, std::vector<scheduler::Node>& nodes,
                   const auto& apply) {
  bool any = false;
  for (scheduler::Node& node : nodes) {
    if (!GlobMatch(rule.nodes, node.name)) continue;
    apply(node);
    any = true;
  }
  if (any) return Ok();
  return Error{Cat(flag, " ", text, ": there is no node ", rule.nodes, "; ",
                   nodes.size() == 1 ? std::string("the only one is n1") : Cat("nodes are n1 to n", nodes.size()))};
}

constexpr std::string_view kLabelFlag = "--node-label";
constexpr std::string_view kResourceFlag = "--node-resource";
constexpr std::string_view kTaintFlag = "--node-taint";

// Resources without a domain are Kubernetes' own. An error names the one that was probably meant.
Status CheckResourceName(std::string_view text, std::string_view name) {
  constexpr std::string_view kNative[] = {scheduler::kCpu, scheduler::kMemory, scheduler::kPods, "ephemeral-storage"};
  if (name.find('/') != std::string_view::npos || name.starts_with("hugepages-")) return Ok();
  if (std::find(std::begin(kNative), std::end(kNative), name) != std::end(kNative)) return Ok();
  const std::string_view near =
      name == "gpu" || name == "gpus"
          ? scheduler::kGpu
          : NearestWord(name, std::vector<std::string_view>(std::begin(kNative), std::end(kNative)));
  return Error{
      Cat(kResourceFlag, " ", text, ": ", name,
          " is not a resource: expected cpu, memory, pods, ephemeral-storage, hugepages-SIZE, or a name with a "
          "domain, such as nvidia.com/gpu",
          near.empty() ? std::string() : Cat(". Did you mean ", near, "?"))};
}

Status CheckAmount(std::string_view text, const Rule& rule) {
  const auto amount = model::Quantity::Parse(rule.value);
  if (!amount) {
    return Error{Cat(kResourceFlag, " ", text, ": ", rule.value, " is not a quantity, such as 4 or 500m or 8Gi")};
  }
  if (amount->Sign() < 0) return Error{Cat(kResourceFlag, " ", text, ": a node can't have a negative amount")};
  const bool divisible = rule.key == scheduler::kCpu;
  if (!divisible && !amount->IsWhole()) {
    return Error{Cat(kResourceFlag, " ", text, ": ", rule.key, " is counted in whole numbers; give a whole number")};
  }
  return Ok();
}

void SetResource(scheduler::Node& node, const Rule& rule) {
  const std::int64_t amount = scheduler::Amount(rule.key, rule.value);
  node.allocatable[rule.key] = amount;
  if (rule.key != scheduler::kGpu) return;
  const auto wanted = static_cast<std::size_t>(amount);
  node.gpus.resize(wanted <= node.gpus.size() ? wanted : 0);
}

}  // namespace

Status ApplyLabelRules(const std::vector<std::string>& rules, std::vector<scheduler::Node>& nodes) {
  for (const std::string& text : rules) {
    const auto rule = ParseRule(kLabelFlag, text, "n1:rack=r1");
    if (!rule) return rule.error();
    const auto label = [&](scheduler::Node& node) { node.labels[rule->key] = rule->value; };
    if (auto applied = ForMatching(kLabelFlag, text, *rule, nodes, label); !applied) return applied;
  }
  return Ok();
}

Status ApplyResourceRules(const std::vector<std::string>& rules, std::vector<scheduler::Node>& nodes) {
  for (const std::string& text : rules) {
    const auto rule = ParseRule(kResourceFlag, text, "n1:nvidia.com/gpu=8");
    if (!rule) return rule.error();
    if (auto known = CheckResourceName(text, rule->key); !known) return known;
    if (auto amount = CheckAmount(text, *rule); !amount) return amount;
    const auto give = [&](scheduler::Node& node) { SetResource(node, *rule); };
    if (auto applied = ForMatching(kResourceFlag, text, *rule, nodes, give); !applied) return applied;
  }
  return Ok();
}

Status ApplyTaintRules(const std::vector<std::string>& rules, std::vector<scheduler::Node>& nodes) {
  constexpr std::string_view kEffects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute"};
  for (const std::string& text : rules) {
    const std::size_t first = text.find(':');
    const std::size_t last = text.rfind(':');
    if (first == std::string::npos || first == last || first + 1 == last) {
      return Error{Cat(kTaintFlag, " ", text, " is not NODE:KEY[=VALUE]:EFFECT, such as n1:gpu=yes:NoSchedule")};
    }
    const std::string effect = text.substr(last + 1);
    if (std::find(std::begin(kEffects), std::end(kEffects), effect) == std::end(kEffects)) {
      return Error{Cat(kTaintFlag, " ", text, ": ", Quote(effect),
                       " is not an effect: expected NoSchedule, PreferNoSchedule or NoExecute")};
    }
    const std::string inner = text.substr(first + 1, last - first - 1);
    const std::size_t equals = inner.find('=');
    const std::string value = equals == std::string::npos ? std::string() : inner.substr(equals + 1);
    const Rule rule{std::string_view(text).substr(0, first), inner.substr(0, equals), value};
    const auto taint = [&](scheduler::Node& node) {
      std::erase_if(node.taints,
                    [&](const scheduler::Taint& old) { return old.key == rule.key && old.effect == effect; });
      node.taints.push_back({rule.key, rule.value, effect});
    };
    if (auto applied = ForMatching(kTaintFlag, text, rule, nodes, taint); !applied) return applied;
  }
  return Ok();
}

}  // namespace reprieve::node
