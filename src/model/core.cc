#include "model/core.h"

#include <algorithm>
#include <array>

#include "base/base64.h"

namespace reprieve::core {

using document::Value;

namespace {

constexpr std::array<std::string_view, 5> kPhases = {"Pending", "Running", "Succeeded", "Failed", "Unknown"};
constexpr std::array<std::string_view, 3> kRestartPolicies = {"Always", "OnFailure", "Never"};

template <class E, std::size_t N>
void FindName(const std::array<std::string_view, N>& names, std::string_view name, E& out) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end()) out = static_cast<E>(at - names.begin());
}

void ReadTexts(const Value& object, bool base64, std::map<std::string, std::string>& out) {
  for (const Value::Member& member : object.members()) {
    out[member.key] = base64 ? DecodeBase64(member.value.AsText()).value_or("") : member.value.AsText();
  }
}

}  // namespace

std::string_view NameOf(PodPhase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}
void FromName(std::string_view name, PodPhase& out) {
  FindName(kPhases, name, out);
}
std::string_view NameOf(RestartPolicy policy) {
  return kRestartPolicies[static_cast<std::size_t>(policy)];
}
void FromName(std::string_view name, RestartPolicy& out) {
  FindName(kRestartPolicies, name, out);
}

const PodCondition* PodStatus::FindCondition(std::string_view type) const {
  for (const PodCondition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

void PodStatus::SetCondition(PodCondition condition) {
  const auto same = std::find_if(conditions.begin(), conditions.end(),
                                 [&](const PodCondition& existing) { return existing.type == condition.type; });
  if (same == conditions.end()) return conditions.push_back(std::move(condition));
  const std::ptrdiff_t at = same - conditions.begin();
  conditions.Edit()[static_cast<std::size_t>(at)] = std::move(condition);
}

bool Pod::IsReady() const {
  const PodCondition* ready = status.FindCondition(kReadyCondition);
  return ready != nullptr && ready->status == "True";
}

void FromValue(const Value& value, Pod& out) {
  meta::FromValue(value["metadata"], out.metadata);
  out.spec = std::make_shared<const PodSpec>(model::Bind<PodSpec>(value["spec"]));
  out.node_name = out.spec->node_name;
  out.hostname = SharedString(out.spec->hostname);
  out.status = model::Bind<PodStatus>(value["status"]);
}

Value ToValue(const Pod& pod) {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Value::String("v1"));
  out.Set("kind", Value::String("Pod"));
  out.Set("metadata", ToValue(pod.metadata));
  Value& spec = out.Set("spec", model::ToValue(pod.spec));
  if (!pod.node_name.empty()) spec.Set("nodeName", Value::String(pod.node_name.str()));
  if (!pod.hostname.empty()) spec.Set("hostname", Value::String(std::string(pod.Hostname())));
  out.Set("status", model::ToValue(pod.status));
  return out;
}

void FromValue(const Value& value, ConfigMap& out) {
  meta::FromValue(value["metadata"], out.metadata);
  ReadTexts(value["binaryData"], true, out.data);
  ReadTexts(value["data"], false, out.data);
}

void FromValue(const Value& value, Secret& out) {
  meta::FromValue(value["metadata"], out.metadata);
  ReadTexts(value["data"], true, out.data);
  ReadTexts(value["stringData"], false, out.data);
}

bool Service::Selects(const meta::Labels& labels) const {
  return !spec.selector.empty() && std::all_of(spec.selector.begin(), spec.selector.end(), [&](const auto& wanted) {
    const SharedString* found = labels.Find(wanted.first);
    return found != nullptr && *found == wanted.second;
  });
}

void FromValue(const Value& value, Service& out) {
  meta::FromValue(value["metadata"], out.metadata);
  model::FromValue(value["spec"], out.spec);
}

void DefaultHeadlessService(Service& service) {
  Value spec = model::ToValue(service.spec);
  const auto set = [&](std::string_view name, std::string_view text) {
    if (spec.Find(name) == nullptr) spec.Set(name, Value::String(std::string(text)));
  };
  const auto set_list = [&](std::string_view name, std::string_view text) {
    if (spec.Find(name) == nullptr) spec.Set(name, Value::MakeArray()).Append(Value::String(std::string(text)));
  };
  set_list("clusterIPs", "None");
  set("internalTrafficPolicy", "Cluster");
  set_list("ipFamilies", "IPv4");
  set("ipFamilyPolicy", "SingleStack");
  set("sessionAffinity", "None");
  set("type", "ClusterIP");
  model::FromValue(spec, service.spec);
}

Value ToValue(const Service& service) {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Value::String("v1"));
  out.Set("kind", Value::String("Service"));
  out.Set("metadata", ToValue(service.metadata));
  out.Set("spec", model::ToValue(service.spec));
  return out;
}

void FromValue(const Value& value, PersistentVolumeClaim& out) {
  meta::FromValue(value["metadata"], out.metadata);
  out.spec = value["spec"];
}

Value ToValue(const PersistentVolumeClaim& claim) {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Value::String("v1"));
  out.Set("kind", Value::String("PersistentVolumeClaim"));
  out.Set("metadata", ToValue(claim.metadata));
  out.Set("spec", claim.spec);
  return out;
}

}  // namespace reprieve::core
