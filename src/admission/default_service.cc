#include "admission/default.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kAffinitySeconds = 10800;

void SetIfEmpty(Value& object, std::string_view key, std::string_view text) {
  Value& slot = object.At(key);
  if (slot.AsText().empty()) slot = Value::String(std::string(text));
}

void DefaultAffinity(Value& spec) {
  SetIfEmpty(spec, "sessionAffinity", "None");
  const std::string affinity = spec["sessionAffinity"].AsText();
  if (affinity == "None") spec.Remove("sessionAffinityConfig");
  if (affinity != "ClientIP" || !spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].IsNull()) return;
  Value client = Value::MakeObject();
  client.Set("timeoutSeconds", Value::Int(kAffinitySeconds));
  Value config = Value::MakeObject();
  config.Set("clientIP", std::move(client));
  spec.Set("sessionAffinityConfig", std::move(config));
}

void DefaultPort(Value& port) {
  SetIfEmpty(port, "protocol", "TCP");
  const Value& target = port["targetPort"];
  const bool has_target = target.IsString() ? !target.AsText().empty() : target.AsInt() != 0;
  if (!has_target) port.Set("targetPort", Value::Int(port["port"].AsInt()));
}

Value ListOf(std::string_view text) {
  Value out = Value::MakeArray();
  out.Append(Value::String(std::string(text)));
  return out;
}

}  // namespace

void DefaultService(Value& service) {
  Value& spec = service.At("spec");
  if (spec.IsNull()) spec = Value::MakeObject();
  DefaultAffinity(spec);
  SetIfEmpty(spec, "type", "ClusterIP");
  const std::string type = spec["type"].AsText();
  if (Value* ports = spec.Find("ports"); ports != nullptr && ports->IsArray()) {
    for (Value& port : ports->items()) DefaultPort(port);
  }
  const bool is_node_port = type == "NodePort" || type == "LoadBalancer";
  if (is_node_port || (type == "ClusterIP" && spec["externalIPs"].size() > 0)) {
    SetIfEmpty(spec, "externalTrafficPolicy", "Cluster");
  }
  if ((is_node_port || type == "ClusterIP") && spec["internalTrafficPolicy"].IsNull()) {
    spec.Set("internalTrafficPolicy", Value::String("Cluster"));
  }
  if (type == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"].IsNull()) {
    spec.Set("allocateLoadBalancerNodePorts", Value::Bool(true));
  }
}

void DefaultServiceAddresses(Value& spec) {
  if (!spec["clusterIP"].AsText().empty() && spec["clusterIPs"].size() == 0) {
    spec.Set("clusterIPs", ListOf(spec["clusterIP"].AsText()));
  }
  if (spec["type"].AsText() == "ExternalName") return;
  const bool chosen_by_hand = spec["clusterIP"].AsText() == "None" && spec["selector"].size() == 0;
  SetIfEmpty(spec, "ipFamilyPolicy", chosen_by_hand ? "RequireDualStack" : "SingleStack");
}

}  // namespace reprieve::admission
