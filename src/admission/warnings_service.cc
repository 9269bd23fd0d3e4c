#include "admission/warnings.h"
#include "base/text.h"

namespace reprieve::admission {

using document::Value;

std::vector<std::string> ServiceWarnings(const Value& service) {
  std::vector<std::string> out;
  const Value& spec = service["spec"];
  const std::string& type = spec["type"].AsText();
  const bool has_external_ips = spec["externalIPs"].size() > 0;
  if (service["metadata"]["annotations"].Find("service.kubernetes.io/topology-aware-hints") != nullptr) {
    out.emplace_back(
        "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use "
        "service.kubernetes.io/topology-mode instead");
  }
  const bool is_headless = type == "ClusterIP" && spec["clusterIP"].AsText() == "None";
  if (is_headless) {
    if (!spec["loadBalancerIP"].AsText().empty()) {
      out.emplace_back("spec.loadBalancerIP is ignored for headless services");
    }
    if (has_external_ips) out.emplace_back("spec.externalIPs is ignored for headless services");
    if (spec["sessionAffinity"].AsText() != "None") {
      out.emplace_back("spec.SessionAffinity is ignored for headless services");
    }
  }
  if (has_external_ips && !is_headless && type != "ExternalName") {
    out.emplace_back("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (has_external_ips && type == "ExternalName") {
    out.emplace_back("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
  }
  if (type != "ExternalName" && !spec["externalName"].AsText().empty()) {
    out.emplace_back("spec.externalName is ignored when spec.type is not \"ExternalName\"");
  }
  if (spec["trafficDistribution"].AsText() == "PreferClose") {
    out.emplace_back("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
  }
  return out;
}

}  // namespace reprieve::admission
