#include "kubelet/service_variables.h"

#include <utility>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kApiServer = "kubernetes";
constexpr std::string_view kApiServerNamespace = "default";
// Of the last byte: .0 and .255 are no host's. Who has more Services finds some at one address.
constexpr std::uint32_t kAddresses = 254;

// Capitals, and _ for -: what is left is a name that a shell takes.
std::string VariableName(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) out.push_back(c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return out;
}

std::string HostPort(const std::string& host, const std::string& port) {
  return host.find(':') == std::string::npos ? Cat(host, ":", port) : Cat("[", host, "]:", port);
}

void AddVariables(const core::Service& service, ServiceVariables::Variables& out) {
  const std::string prefix = VariableName(service.metadata.name.view());
  const std::string& address = service.spec.cluster_ip;
  const core::Value& ports = service.spec.rest["ports"];
  out[Cat(prefix, "_SERVICE_HOST")] = address;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string port = ports[i]["port"].AsText();
    const std::string& written = ports[i]["protocol"].AsText();
    const std::string protocol = written.empty() ? "TCP" : VariableName(written);
    const std::string url = Cat(ToLower(protocol), "://", HostPort(address, port));
    if (i == 0) {
      out[Cat(prefix, "_SERVICE_PORT")] = port;
      out[Cat(prefix, "_PORT")] = url;
    }
    if (const std::string& name = ports[i]["name"].AsText(); !name.empty()) {
      out[Cat(prefix, "_SERVICE_PORT_", VariableName(name))] = port;
    }
    // As Docker's links had them.
    const std::string of_port = Cat(prefix, "_PORT_", port, "_", protocol);
    out[of_port] = url;
    out[Cat(of_port, "_PROTO")] = ToLower(protocol);
    out[Cat(of_port, "_PORT")] = port;
    out[Cat(of_port, "_ADDR")] = address;
  }
}

}  // namespace

void ServiceVariables::Add(core::Service service) {
  if (service.headless() || service.spec.rest["type"].AsText() == "ExternalName") return;
  if (service.spec.cluster_ip.empty()) service.spec.cluster_ip = Cat("127.255.255.", 1 + given_++ % kAddresses);
  const bool of_api_server = service.metadata.name == kApiServer && service.metadata.namespace_ == kApiServerNamespace;
  AddVariables(service, of_api_server ? of_api_server_ : by_namespace_[service.metadata.namespace_.str()]);
}

void ServiceVariables::AddApiServer() {
  if (!of_api_server_.empty()) return;
  core::Service service;
  service.metadata.name = kApiServer;
  service.metadata.namespace_ = kApiServerNamespace;
  core::Value port = core::Value::MakeObject();
  port.Set("name", core::Value::String("https"));
  port.Set("port", core::Value::Int(443));
  service.spec.rest.At("ports") = core::Value::MakeArray();
  service.spec.rest.At("ports").Append(std::move(port));
  Add(std::move(service));
}

ServiceVariables::Variables ServiceVariables::Of(std::string_view name_space, bool links) const {
  Variables out = of_api_server_;
  const auto at = links ? by_namespace_.find(name_space) : by_namespace_.end();
  if (at != by_namespace_.end()) {
    for (const auto& [name, value] : at->second) out.insert_or_assign(name, value);
  }
  return out;
}

}  // namespace reprieve::kubelet
