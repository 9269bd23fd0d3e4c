#include "controllers/jobset/placement.h"

#include <algorithm>

#include "base/text.h"
#include "controllers/jobset/pod_webhooks.h"

namespace reprieve::controllers {
namespace {

using document::Value;

constexpr std::string_view kViolation = "ExclusivePlacementViolation";
constexpr std::string_view kViolationMessage = "Pod violated JobSet exclusive placement policy";

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

Value Expression(std::string_view key, std::string_view op, std::vector<std::string> values) {
  Value out = Value::MakeObject();
  out.Set("key", Text(key));
  out.Set("operator", Text(op));
  if (!values.empty()) out.Set("values", model::ToValue(values));
  return out;
}

Value Term(std::vector<Value> expressions, const std::string& topology) {
  Value out = Value::MakeObject();
  out.Set("labelSelector", Value::MakeObject()).Set("matchExpressions", Value::MakeArray(std::move(expressions)));
  out.Set("topologyKey", Text(topology));
  out.Set("namespaceSelector", Value::MakeObject());
  return out;
}

const SharedString& LabelOr(const core::Pod& pod, std::string_view key) {
  static const SharedString kNone;
  const SharedString* label = pod.metadata.labels.Find(key);
  return label != nullptr ? *label : kNone;
}

// Pods of the own Job in one domain, pods of other exclusive Jobs of the same priority elsewhere.
void KeepOthersAway(core::Pod& leader, const std::string& topology) {
  const std::string key = LabelOr(leader, jobset::kJobKey).str();
  auto spec = std::make_shared<core::PodSpec>(*leader.spec);
  Value& affinity = spec->rest.At("affinity");
  if (!affinity.IsObject()) affinity = Value::MakeObject();
  const auto append = [&](std::string_view kind, Value term) {
    Value& terms = affinity.At(kind).At("requiredDuringSchedulingIgnoredDuringExecution");
    if (!terms.IsArray()) terms = Value::MakeArray();
    terms.Append(std::move(term));
  };
  append("podAffinity", Term({Expression(jobset::kJobKey, "In", {key})}, topology));
  append("podAntiAffinity",
         Term({Expression(jobset::kJobKey, "Exists", {}), Expression(jobset::kJobKey, "NotIn", {key}),
               Expression(jobset::kPriority, "In", {LabelOr(leader, jobset::kPriority).str()})},
              topology));
  leader.spec = std::move(spec);
}

bool HasEnded(const core::Pod& pod) {
  return pod.metadata.deleting() || pod.IsTerminal();
}

// The one leader of this follower, or why there is none (spec/jobset.md 4.3).
Result<const core::Pod*> FindLeader(const core::Pod& follower, const PlacementLookup& lookup) {
  for (const std::string_view label : {jobset::kJobSetName, jobset::kReplicatedJobName, jobset::kJobIndex}) {
    if (follower.metadata.labels.Find(label) == nullptr) return Error{Cat("pod label not found: ", label)};
  }
  const std::string base =
      Cat(LabelOr(follower, jobset::kJobSetName), "-", LabelOr(follower, jobset::kReplicatedJobName), "-",
          LabelOr(follower, jobset::kJobIndex), "-0");
  std::vector<const core::Pod*> leaders = lookup.pods(follower.metadata.namespace_, base);
  std::erase_if(leaders, [](const core::Pod* pod) { return HasEnded(*pod); });
  if (leaders.size() != 1) {
    return Error{
        Cat("expected 1 leader pod (", base, "), but got ", leaders.size(), ". this is an expected, transient error")};
  }
  const meta::OwnerReference* own = follower.metadata.Controller();
  const meta::OwnerReference* its = leaders.front()->metadata.Controller();
  if (own == nullptr || its == nullptr || own->uid != its->uid) {
    return Error{"follower pod owner UID doesn't match leader pod owner UID"};
  }
  return leaders.front();
}

// What the node of that name has for the key; nothing: there is no such node, or no such label.
const SharedString* Domain(const std::string& node_name, const std::string& topology, const PlacementLookup& lookup) {
  const core::Node* node = lookup.node(node_name);
  return node == nullptr ? nullptr : node->metadata.labels.Find(topology);
}

// Denies followers whose leader has no node yet; all that it says passes once the leader has one.
constexpr std::string_view kFollowers = "vpod.kb.io";

std::string DeniedBy(std::string_view webhook) {
  return Cat("admission webhook \"", webhook, "\" denied the request: ");
}

Status Denied(std::string_view webhook, const Status& status) {
  return status.ok() ? Ok() : Status(Error{Cat(DeniedBy(webhook), status.error().message)});
}

// Keeps it to its leader's domain; without one, the validating webhook refuses it.
Status KeepToLeader(core::Pod& pod, const std::string& topology, const PlacementLookup& lookup) {
  const auto leader = FindLeader(pod, lookup);
  if (!leader.ok() || (*leader)->node_name.empty()) return Ok();
  const SharedString* domain = Domain((*leader)->node_name.str(), topology, lookup);
  if (domain == nullptr) return Error{Cat("node does not have topology label: ", topology)};
  auto spec = std::make_shared<core::PodSpec>(*pod.spec);
  spec->node_selector[topology] = domain->str();
  pod.spec = std::move(spec);
  return Ok();
}

}  // namespace

bool IsDeniedFollower(std::string_view message) {
  return message.find(DeniedBy(kFollowers)) != std::string_view::npos;
}

ExclusivePlacement PlacementOf(const meta::Labels& jobset, const meta::Labels& job_template) {
  ExclusivePlacement out;
  for (const meta::Labels* level : {&jobset, &job_template}) {
    const SharedString* topology = level->Find(jobset::kExclusiveTopology);
    if (topology == nullptr) continue;
    out.topology = topology;
    if (const SharedString* strategy = level->Find(jobset::kNodeSelector)) out.node_selector = strategy;
  }
  return out;
}

bool IsPlacedExclusively(const core::Pod& pod) {
  return pod.metadata.annotations.Find(jobset::kExclusiveTopology) != nullptr &&
         pod.metadata.annotations.Find(jobset::kNodeSelector) == nullptr;
}

bool IsLeader(const core::Pod& pod) {
  const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
  return index != nullptr && *index == "0";
}

Status MutatePod(core::Pod& pod, const PlacementLookup& lookup) {
  const meta::Labels& annotations = pod.metadata.annotations;
  if (annotations.Find(jobset::kJobSetName) == nullptr || annotations.Find(jobset::kNodeSelector) != nullptr) {
    return Ok();
  }
  // For every pod of a JobSet: an exclusive leader keeps away from all of its priority.
  if (const Value& priority = pod.spec->rest["priority"]; priority.IsNumber()) {
    pod.metadata.labels.Set(jobset::kPriority, priority.AsText());
  } else if (lookup.usual_priority) {
    pod.metadata.labels.Set(jobset::kPriority, Cat(*lookup.usual_priority));
  }
  const SharedString* topology = annotations.Find(jobset::kExclusiveTopology);
  if (topology == nullptr) return Ok();
  if (!IsLeader(pod)) return KeepToLeader(pod, topology->str(), lookup);
  KeepOthersAway(pod, topology->str());
  return Ok();
}

Status ValidatePod(const core::Pod& pod, const PlacementLookup& lookup) {
  const meta::Labels& annotations = pod.metadata.annotations;
  if (annotations.Find(jobset::kJobSetName) == nullptr || !IsPlacedExclusively(pod) || IsLeader(pod)) return Ok();
  const std::string topology = annotations.Find(jobset::kExclusiveTopology)->str();
  if (pod.spec->node_selector.empty()) return Error{"follower pod node selector not set"};
  if (!pod.spec->node_selector.contains(topology)) {
    return Error{Cat("follower pod node selector for topology domain not found. missing selector: ", topology)};
  }
  const auto leader = FindLeader(pod, lookup);
  if (!leader.ok()) return leader.error();
  if ((*leader)->node_name.empty()) {
    return Error{"leader pod not yet scheduled, not creating follower pod. this is an expected, transient error"};
  }
  return Ok();
}

Status PlacePod(core::Pod& pod, const PlacementLookup& lookup) {
  if (const Status mutated = MutatePod(pod, lookup); !mutated.ok()) return Denied("mpod.kb.io", mutated);
  return Denied(kFollowers, ValidatePod(pod, lookup));
}

world::Plan ReconcilePlacement(const core::Pod& leader, const std::vector<const core::Pod*>& pods,
                               const PlacementLookup& lookup) {
  world::Plan plan;
  const meta::OwnerReference* owner = leader.metadata.Controller();
  if (owner == nullptr) return plan;
  plan.subject = {world::Kind::kJob, {leader.metadata.namespace_, owner->name}};
  plan.uid = owner->uid;
  const std::string topology = leader.metadata.annotations.Find(jobset::kExclusiveTopology)->str();
  const SharedString* domain = Domain(leader.node_name.str(), topology, lookup);
  if (domain == nullptr) return plan;
  std::vector<const core::Pod*> followers;
  bool mismatch = false;
  for (const core::Pod* pod : pods) {
    const meta::OwnerReference* its = pod->metadata.Controller();
    if (IsLeader(*pod) || its == nullptr || its->uid != owner->uid) continue;
    followers.push_back(pod);
    const auto at = pod->spec->node_selector.find(topology);
    mismatch = mismatch || at == pod->spec->node_selector.end() || at->second != *domain;
  }
  if (!mismatch) return plan;
  std::sort(followers.begin(), followers.end(),
            [](const core::Pod* a, const core::Pod* b) { return a->metadata.name < b->metadata.name; });
  world::Stage& stage = plan.AddStage();
  for (const core::Pod* pod : followers) {
    stage.writes.push_back(world::DisruptPod{world::ReferenceTo(*pod), kViolation, kViolationMessage});
  }
  return plan;
}

}  // namespace reprieve::controllers
