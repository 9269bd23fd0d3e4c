#include "scheduler/host_ports.h"

namespace reprieve::scheduler {
namespace {

constexpr const char* kAllAddresses = "0.0.0.0";

void Add(const core::Container& container, bool host_network, std::vector<HostPort>& out) {
  for (const core::ContainerPort& port : container.ports) {
    std::int64_t number = port.rest["hostPort"].AsInt();
    if (number == 0 && host_network) number = port.container_port;
    if (number == 0) continue;
    const std::string& address = port.rest["hostIP"].AsText();
    out.push_back({address.empty() ? kAllAddresses : address, port.protocol.empty() ? "TCP" : port.protocol, number});
  }
}

}  // namespace

std::vector<HostPort> HostPortsOf(const core::PodSpec& pod) {
  std::vector<HostPort> out;
  const bool host_network = pod.rest["hostNetwork"].AsBool();
  for (const core::Container& container : pod.init_containers) {
    if (container.IsSidecar()) Add(container, host_network, out);
  }
  for (const core::Container& container : pod.containers) Add(container, host_network, out);
  return out;
}

bool Conflict(const HostPort& one, const HostPort& other) {
  if (one.port != other.port || one.protocol != other.protocol) return false;
  return one.address == other.address || one.address == kAllAddresses || other.address == kAllAddresses;
}

}  // namespace reprieve::scheduler
