// PodNetwork: a network namespace for each pod, so that all pods may listen on one port at 0.0.0.0.
//
//   pod  eth0 ---- p7  hub  machine ---- rpv4711-0  this machine
//   pod  eth0 ---- p8
//
// The hub is a network namespace of this run that routes packets between pods, and between pods and this machine. Pods
// have no route to anywhere else. For a pod that is not there the hub refuses connections, so that a client that
// connects while it restarts is told at once. Routes, not a bridge: any number of pods, and nothing to learn or flood.
// All of it is held by file descriptors, without names, so that the kernel removes it however the run ends.
//
// Source: spec/runtime.md 2, 5; decisions/0005.  Thread rules: any thread; Connect takes its thread into another
// network namespace and back. Errors: what the kernel refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "runtime/address_block.h"
#include "runtime/fd.h"
#include "runtime/netlink.h"

namespace reprieve::runtime {

class PodNetwork {
 public:
  // An error says why it cannot be had: it needs root's rights over this machine's network.
  static Result<std::unique_ptr<PodNetwork>> Open();

  // This machine's address for pods.
  const std::string& machine_address() const { return machine_address_; }

  // Addresses for pods, routed from this machine; absent if no block is free.
  std::optional<AddressBlock> ClaimBlock();

  // A namespace with that address, which is there as long as the descriptor or a process in it. A pod that had the
  // address before is cut off. REQUIRES: the address is of a block claimed here.
  Result<Fd> Connect(const std::string& address);

 private:
  PodNetwork(NetlinkSocket machine, NetlinkSocket hub, Fd machine_namespace)
      : machine_(std::move(machine)), hub_(std::move(hub)), machine_namespace_(std::move(machine_namespace)) {}
  // On a thread of its own, which stays in another network namespace.
  static Result<std::unique_ptr<PodNetwork>> MakeHub();
  Status JoinThisMachine();
  Result<AddressBlock> ClaimRoutedBlock();

  std::mutex mutex_;
  // Guarded by mutex_.
  NetlinkSocket machine_;
  NetlinkSocket hub_;
  std::optional<AddressBlock> first_;
  int next_index_ = 1000;

  const Fd machine_namespace_;
  std::string machine_address_;
  int machine_index_ = 0;
};

}  // namespace reprieve::runtime
