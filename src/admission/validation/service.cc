#include "admission/validation/service.h"

#include <set>
#include <utility>

#include "admission/validation/addresses.h"
#include "admission/validation/names.h"
#include "admission/validation/object_meta.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kHints = "service.kubernetes.io/topology-aware-hints";
constexpr std::string_view kMode = "service.kubernetes.io/topology-mode";
constexpr std::string_view kOnlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
constexpr std::int64_t kMaxAffinitySeconds = 86400;

class ServiceRules {
 public:
  ServiceRules(const Value& service, FieldErrors& errors)
      : meta_(service["metadata"]),
        spec_(service["spec"]),
        type_(spec_["type"].AsText()),
        is_headless_(spec_["clusterIPs"].size() == 1 && spec_["clusterIPs"][0].AsText() == "None"),
        errors_(errors) {}

  void Validate() {
    Topology();
    Type();
    Ports();
    ValidateLabels(spec_["selector"], path_ / "selector", errors_);
    Affinity();
    ExternalAddresses();
    ValidateChoice(spec_["type"], {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, path_ / "type", errors_);
    PortNumbers();
    LoadBalancer();
    TrafficPolicies();
  }

 private:
  void Topology() {
    const Value* hints = meta_["annotations"].Find(kHints);
    const Value* mode = meta_["annotations"].Find(kMode);
    if (hints == nullptr || mode == nullptr || hints->AsText() == mode->AsText()) return;
    errors_.Invalid(FieldPath("metadata.annotations").Key(kMode), Shown(mode->AsText()),
                    Cat("must match annotations[", kHints, "] when both are specified"));
  }

  // What each type needs, and can't have.
  void Type() {
    if (spec_["ports"].size() == 0 && !is_headless_ && type_ != "ExternalName") errors_.Required(path_ / "ports");
    if (is_headless_ && (type_ == "LoadBalancer" || type_ == "NodePort")) {
      errors_.Invalid((path_ / "clusterIPs")[0], Shown("None"),
                      Cat("may not be set to 'None' for ", type_, " services"));
    }
    if (type_ != "ExternalName") return;
    constexpr std::string_view kNotExternal = "may not be set for ExternalName services";
    for (const std::string_view list : {"clusterIPs", "ipFamilies"}) {
      if (spec_[list].size() > 0) errors_.Forbidden(path_ / list, kNotExternal);
    }
    if (!spec_["ipFamilyPolicy"].IsNull()) errors_.Forbidden(path_ / "ipFamilyPolicy", kNotExternal);
    std::string_view name = spec_["externalName"].AsText();
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return errors_.Required(path_ / "externalName");
    AddFaults(DnsSubdomainFaults(name), path_ / "externalName", name, errors_);
  }

  void Ports() {
    const Value& ports = spec_["ports"];
    Names names;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const FieldPath at = (path_ / "ports")[i];
      const std::string& name = ports[i]["name"].AsText();
      if (!name.empty()) {
        AddFaults(DnsLabelFaults(name), at / "name", name, errors_);
        if (!names.insert(name).second) errors_.Duplicate(at / "name", Shown(name));
      } else if (ports.size() > 1) {
        errors_.Required(at / "name");
      }
      const std::int64_t number = ports[i]["port"].AsInt();
      for (const std::string& fault : PortNumberFaults(number)) errors_.Invalid(at / "port", Shown(number), fault);
      ValidateChoice(ports[i]["protocol"], {"SCTP", "TCP", "UDP"}, at / "protocol", errors_);
      ValidatePortNumberOrName(ports[i]["targetPort"], at / "targetPort", errors_);
      const Value& protocol = ports[i]["appProtocol"];
      if (!protocol.IsNull()) {
        AddFaults(QualifiedNameFaults(protocol.AsText()), at / "appProtocol", protocol.AsText(), errors_);
      }
    }
  }

  void Affinity() {
    const std::string& affinity = spec_["sessionAffinity"].AsText();
    ValidateChoice(spec_["sessionAffinity"], {"ClientIP", "None"}, path_ / "sessionAffinity", errors_);
    if (affinity != "ClientIP") return;
    const Value& seconds = spec_["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
    if (seconds.AsInt() > 0 && seconds.AsInt() <= kMaxAffinitySeconds) return;
    errors_.Invalid(path_ / "sessionAffinityConfig" / "clientIP" / "timeoutSeconds", Shown(seconds.AsInt()),
                    Cat("must be greater than 0 and less than ", kMaxAffinitySeconds));
  }

  void ExternalAddresses() {
    const Value& addresses = spec_["externalIPs"];
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const std::string& address = addresses[i].AsText();
      const FieldPath at = (path_ / "externalIPs")[i];
      const Faults faults = IpFaults(address);
      AddFaults(faults.empty() ? SpecialAddressFaults(address) : faults, at, address, errors_);
    }
  }

  void PortNumbers() {
    const Value& ports = spec_["ports"];
    const FieldPath path = path_ / "ports";
    if (type_ == "ClusterIP") {
      for (std::size_t i = 0; i < ports.size(); ++i) {
        if (ports[i]["nodePort"].AsInt() == 0) continue;
        errors_.Forbidden(path[i] / "nodePort", "may not be used when `type` is 'ClusterIP'");
      }
    }
    using Key = std::pair<std::string, std::int64_t>;
    std::set<Key> node_ports;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::int64_t number = ports[i]["nodePort"].AsInt();
      if (number == 0 || node_ports.insert({ports[i]["protocol"].AsText(), number}).second) continue;
      errors_.Duplicate(path[i] / "nodePort", Shown(number));
    }
    std::set<Key> numbers;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (numbers.insert({ports[i]["protocol"].AsText(), ports[i]["port"].AsInt()}).second) continue;
      Value key = Value::MakeObject();
      key.Set("protocol", ports[i]["protocol"]);
      key.Set("port", ports[i]["port"]);
      errors_.Duplicate(path[i], model::Dump(&key, model::GetMessage("core/v1.ServicePort")));
    }
  }

  void LoadBalancer() {
    const bool is_one = type_ == "LoadBalancer";
    const Value& ranges = spec_["loadBalancerSourceRanges"];
    // So the server calls it.
    const FieldPath path = path_ / "LoadBalancerSourceRanges";
    if (ranges.size() > 0 && !is_one) errors_.Forbidden(path, kOnlyLoadBalancer);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const std::string range(Trim(ranges[i].AsText()));
      AddFaults(CidrFaults(range), path[i], range, errors_);
    }
    if (!spec_["allocateLoadBalancerNodePorts"].IsNull() && !is_one) {
      errors_.Forbidden(path_ / "allocateLoadBalancerNodePorts", kOnlyLoadBalancer);
    }
    const Value& own = spec_["loadBalancerClass"];
    if (own.IsNull()) return;
    if (!is_one) return errors_.Forbidden(path_ / "loadBalancerClass", kOnlyLoadBalancer);
    AddFaults(QualifiedNameFaults(own.AsText()), path_ / "loadBalancerClass", own.AsText(), errors_);
  }

  void TrafficPolicies() {
    const Value& external = spec_["externalTrafficPolicy"];
    const bool is_external =
        type_ == "LoadBalancer" || type_ == "NodePort" || (type_ == "ClusterIP" && spec_["externalIPs"].size() > 0);
    if (is_external) {
      ValidateChoice(external, {"Cluster", "Local"}, path_ / "externalTrafficPolicy", errors_);
    } else if (!external.AsText().empty()) {
      errors_.Invalid(path_ / "externalTrafficPolicy", Shown(external.AsText()),
                      "may only be set for externally-accessible services");
    }
    const std::int64_t health = spec_["healthCheckNodePort"].AsInt();
    if (health != 0 && (type_ != "LoadBalancer" || external.AsText() != "Local")) {
      errors_.Invalid(path_ / "healthCheckNodePort", Shown(health),
                      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    }
    ValidateOptionalChoice(spec_["internalTrafficPolicy"], {"Cluster", "Local"}, path_ / "internalTrafficPolicy",
                           errors_);
    ValidateOptionalChoice(spec_["trafficDistribution"], {"PreferClose", "PreferSameZone", "PreferSameNode"},
                           path_ / "trafficDistribution", errors_);
  }

  const Value& meta_;
  const Value& spec_;
  const std::string& type_;
  const bool is_headless_;
  const FieldPath path_{"spec"};
  FieldErrors& errors_;
};

}  // namespace

void ValidateServiceCreate(const Value& service, const ServerBehaviour& server, FieldErrors& errors) {
  const FieldPath path("metadata");
  const Value& meta = service["metadata"];
  ValidateMeta(meta, NameRule::kLabel, path, server, errors);
  ValidateStandardFinalizers(meta, path, errors);
  ServiceRules(service, errors).Validate();
}

}  // namespace reprieve::admission
