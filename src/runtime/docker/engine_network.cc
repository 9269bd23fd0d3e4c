#include "runtime/docker/engine_network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <atomic>
#include <memory>
#include <vector>

#include "base/text.h"
#include "net/url.h"
#include "runtime/cgroup.h"
#include "runtime/docker/requests.h"
#include "runtime/netlink.h"

namespace reprieve::runtime::docker {
namespace {

// Ranges that are tried: networks of others may have some to which no route leads yet.
constexpr int kMostRanges = 8;

document::Value NetworkBody(const std::string& name, const AddressBlock& block) {
  using document::Value;
  const Ipv4Range range = block.Range();
  char address[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &range.address, address, sizeof address);
  Value config = Value::MakeObject();
  config.Set("Subnet", Value::String(Cat(address, "/", int{range.prefix})));
  config.Set("Gateway", Value::String(block.MachineAddress()));
  Value labels = Value::MakeObject();
  labels.Set(kRunLabel, Value::String(EngineName()));
  Value out = Value::MakeObject();
  out.Set("Name", Value::String(name));
  out.Set("Driver", Value::String("bridge"));
  out.At("IPAM").At("Config").Append(std::move(config));
  out.Set("Labels", std::move(labels));
  return out;
}

bool ThisMachineHas(const std::string& address) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return false;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, freeifaddrs);
  const in_addr wanted = Ipv4(address);
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    const auto* found = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    if (found->sin_addr.s_addr == wanted.s_addr) return true;
  }
  return false;
}

// What of a machine usually is not there when an engine can't connect a container.
std::string WhatItNeeds(const EngineIdentity& engine) {
  return engine.is_podman()
             ? "; Podman needs netavark or containernetworking-plugins for it, iptables, and the rights of root"
             : "; Docker needs iptables and the kernel's bridges for it (dockerd's log says more)";
}

}  // namespace

EngineNetwork::EngineNetwork(EngineClient& engine, std::string name, AddressBlock block)
    : engine_(engine), name_(std::move(name)), machine_address_(block.MachineAddress()), block_(std::move(block)) {}

EngineNetwork::~EngineNetwork() {
  [[maybe_unused]] const Status removed = Remove();
}

Result<std::unique_ptr<EngineNetwork>> EngineNetwork::Open(EngineClient& engine) {
  static std::atomic<int> networks = 0;
  auto routes = NetlinkSocket::Open();
  if (!routes) return routes.error();
  std::vector<AddressBlock> taken;  // held, so that the next one is another
  std::string why;
  for (int i = 0; i < kMostRanges; ++i) {
    const auto there = routes->Routes();
    if (!there) return there.error();
    auto block = AddressBlock::ClaimApartFrom(*there);
    if (!block) return Error{"this machine's routes and other runs leave no addresses for pods"};
    std::string name = Cat(EngineName(), "-", networks++);
    const EngineReply made =
        engine.Ask({.method = "POST", .path = "/networks/create", .json = NetworkBody(name, *block)});
    if (made.no_answer()) return Error{made.error};
    if (made.ok()) {
      std::unique_ptr<EngineNetwork> network(new EngineNetwork(engine, std::move(name), std::move(*block)));
      if (Status tried = network->Try(); !tried) return tried.error();
      return network;
    }
    why = made.error;
    taken.push_back(std::move(*block));
  }
  return Error{Cat(engine.identity().Describe(), " makes no network: ", why, WhatItNeeds(engine.identity()))};
}

Status EngineNetwork::Try() {
  PodSandboxSpec pod;
  pod.namespace_ = "reprieve";
  pod.name = "network-test";
  pod.images = true;
  pod.engine_network = name_;
  pod.address = block_->Address(0);  // no pod has it yet
  const std::string engine = engine_.identity().Describe();
  const EngineReply made = engine_.Ask({.method = "POST",
                                        .path = Cat("/containers/create?name=", net::PercentEncode(name_)),
                                        .json = SandboxBody({pod, EngineName()})});
  if (!made.ok()) return Error{Cat(engine, " makes no container on a network of its own: ", made.error)};
  const std::string path = Cat("/containers/", made.body["Id"].AsText());
  const EngineReply started = engine_.Ask({.method = "POST", .path = path + "/start"});
  const bool near = ThisMachineHas(machine_address_);
  const EngineReply gone = engine_.Ask({.method = "DELETE", .path = path + "?force=true&v=true"});
  if (!started.ok()) {
    return Error{
        Cat(engine, " starts no container on a network of its own: ", started.error, WhatItNeeds(engine_.identity()))};
  }
  if (!near) {
    return Error{Cat("the networks of ", engine,
                     " are not this machine's, which could reach no pod on them, as those of an ordinary user's engine "
                     "are not; use root's engine")};
  }
  if (!gone.ok()) return Error{Cat(engine, " removes no container from a network of its own: ", gone.error)};
  return Ok();
}

Status EngineNetwork::Remove() {
  if (std::exchange(removed_, true)) return Ok();
  const EngineReply gone = engine_.Ask({.method = "DELETE", .path = Cat("/networks/", net::PercentEncode(name_))});
  if (gone.ok() || gone.status == 404) return Ok();
  return Error{Cat("network ", name_, ": ", gone.error)};
}

}  // namespace reprieve::runtime::docker
