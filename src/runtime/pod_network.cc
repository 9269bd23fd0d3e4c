#include "runtime/pod_network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::runtime {
namespace {

// Free to choose: each namespace is new. Lower numbers are for what a kernel may put into any of them.
constexpr int kLoopbackIndex = 1;
constexpr int kMachineIndex = 100;
constexpr int kPodIndex = 100;

// All blocks are in these, whichever this run has.
std::array<Ipv4Range, 2> AllBlocks() {
  return {Ipv4Range{Ipv4("100.64.0.0"), 10}, Ipv4Range{Ipv4("10.128.0.0"), 9}};
}

Error Cannot(std::string_view what) {
  return Error{Cat("cannot ", what, ": ", strerrordesc_np(errno))};
}

Result<Fd> OpenOwnNamespace() {
  Fd fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return Cannot("open a network namespace");
  return fd;
}

// Of the network namespace that the thread is in.
Status SetNetworkOption(const char* path, char value) {
  const Fd fd(open(path, O_WRONLY | O_CLOEXEC));
  if (!fd.ok() || write(fd.get(), &value, 1) != 1) return Cannot(Cat("write ", path));
  return Ok();
}

// Pods have addresses of IPv4 only: what comes to [::] comes as IPv4. Where the kernel has no IPv6, all the better.
void LeaveOutIpv6() {
  [[maybe_unused]] const Status left_out = SetNetworkOption("/proc/sys/net/ipv6/conf/default/disable_ipv6", '1');
}

struct NewNamespace {
  Fd fd;
  NetlinkSocket socket;
};

// REQUIRES: the thread is in a network namespace that it just made.
Result<NewNamespace> OpenNewNamespace() {
  auto fd = OpenOwnNamespace();
  if (!fd) return fd.error();
  auto socket = NetlinkSocket::Open();
  if (!socket) return socket.error();
  LeaveOutIpv6();
  return NewNamespace{std::move(*fd), std::move(*socket)};
}

}  // namespace

Result<std::unique_ptr<PodNetwork>> PodNetwork::Open() {
  Result<std::unique_ptr<PodNetwork>> made = Error{};
  std::thread([&] { made = MakeHub(); }).join();
  if (!made) return made;
  if (auto joined = (*made)->JoinThisMachine(); !joined) return joined.error();
  return made;
}

Result<std::unique_ptr<PodNetwork>> PodNetwork::MakeHub() {
  auto here = OpenOwnNamespace();
  if (!here) return here.error();
  auto machine = NetlinkSocket::Open();
  if (!machine) return machine.error();
  if (unshare(CLONE_NEWNET) != 0) return Cannot("make a network namespace");
  LeaveOutIpv6();
  if (auto set = SetNetworkOption("/proc/sys/net/ipv4/ip_forward", '1'); !set) return set.error();
  // The default limit would leave most clients of a pod that is not there waiting for a refusal.
  [[maybe_unused]] const Status told = SetNetworkOption("/proc/sys/net/ipv4/icmp_ratelimit", '0');
  // Holds the namespace, too.
  auto hub = NetlinkSocket::Open();
  if (!hub) return hub.error();
  NetlinkBatch nobody;
  nobody.SetUp(kLoopbackIndex);
  for (const Ipv4Range& blocks : AllBlocks()) nobody.AddRoute(blocks, kLoopbackIndex, Way::kHere);
  if (auto done = hub->Do(std::move(nobody)); !done) return done.error();
  return std::unique_ptr<PodNetwork>(new PodNetwork(std::move(*machine), std::move(*hub), std::move(*here)));
}

Status PodNetwork::JoinThisMachine() {
  // The interface of a run that was killed may stay for some milliseconds: no name is used twice.
  static std::atomic<int> networks = 0;
  const Interface ours{Cat("rpv", getpid(), "-", networks++)};
  NetlinkBatch pair;
  pair.AddPair({"machine", kMachineIndex}, ours, machine_namespace_.get());
  if (auto done = hub_.Do(std::move(pair)); !done) return done;
  machine_index_ = static_cast<int>(if_nametoindex(ours.name.c_str()));
  if (machine_index_ == 0) return Cannot(Cat("find the network interface ", ours.name));

  NetlinkBatch up;
  up.SetUp(machine_index_);
  if (auto done = machine_.Do(std::move(up)); !done) return done;

  auto block = ClaimRoutedBlock();
  if (!block) return block.error();
  machine_address_ = block->MachineAddress();
  const in_addr address = Ipv4(machine_address_);
  NetlinkBatch here;
  here.AddAddress(address, machine_index_);
  if (auto done = machine_.Do(std::move(here)); !done) return done;
  NetlinkBatch there;
  there.AddRoute({address, 32}, kMachineIndex, Way::kOutFirst);
  if (auto done = hub_.Do(std::move(there)); !done) return done;
  first_ = std::move(*block);
  return Ok();
}

std::optional<AddressBlock> PodNetwork::ClaimBlock() {
  const std::lock_guard lock(mutex_);
  if (first_) return std::exchange(first_, std::nullopt);
  auto more = ClaimRoutedBlock();
  if (!more) return std::nullopt;
  return std::move(*more);
}

Result<AddressBlock> PodNetwork::ClaimRoutedBlock() {
  auto routes = machine_.Routes();
  if (!routes) return routes.error();
  auto block = AddressBlock::ClaimApartFrom(*routes);
  if (!block) return Error{"this machine's routes and other runs leave no addresses for pods"};
  NetlinkBatch route;
  route.AddRoute(block->Range(), machine_index_);
  if (auto done = machine_.Do(std::move(route)); !done) return done.error();
  return std::move(*block);
}

Result<Fd> PodNetwork::Connect(const std::string& address) {
  if (unshare(CLONE_NEWNET) != 0) return Cannot("make a network namespace");
  auto pod = OpenNewNamespace();
  // Whatever this thread starts next is to be on this machine's network.
  REPRIEVE_CHECK(setns(machine_namespace_.get(), CLONE_NEWNET) == 0, "the way back to this machine's network is lost");
  if (!pod) return pod.error();
  const Ipv4Range own{Ipv4(address), 32};
  {
    const std::lock_guard lock(mutex_);
    const int index = next_index_++;
    NetlinkBatch hub;
    hub.AddPair({Cat("p", index), index}, {"eth0", kPodIndex}, pod->fd.get());
    hub.AddRoute(own, index, Way::kOutFirst);
    if (auto done = hub_.Do(std::move(hub)); !done) return done.error();
  }
  NetlinkBatch inside;
  inside.SetUp(kLoopbackIndex);
  inside.SetUp(kPodIndex);
  inside.AddAddress(own.address, kPodIndex);
  for (const Ipv4Range& blocks : AllBlocks()) inside.AddRoute(blocks, kPodIndex);
  if (auto done = pod->socket.Do(std::move(inside)); !done) return done.error();
  return std::move(pod->fd);
}

}  // namespace reprieve::runtime
