// EngineNetwork: a network of this run's own in a container engine, on which each pod has an address of its own and may
// listen on any port: what PodNetwork (runtime/pod_network.h) is to pods that are processes.
//
//   auto network = EngineNetwork::Open(engine);
//   spec.engine_network = (*network)->name();
//   spec.address = ...;  // of (*network)->TakeBlock()
//
// Its addresses are a block that this run claims, as other networks' are; a pod asks for one by number, so that it is
// known before the pod runs. It carries the label reprieve.dev/run: what a killed run has left is removed by the sweep.
//
// Source: Docker Engine API 1.41, NetworkCreate; decisions/0005, decisions/0011. Thread rules: from any thread but the
// engine client's loop, which it waits for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "runtime/address_block.h"
#include "runtime/docker/engine_client.h"

namespace reprieve::runtime::docker {

class EngineNetwork {
 public:
  // Makes it, and starts and removes one pod's sandbox on it: only that shows whether the engine has all that it needs
  // for it. REQUIRES: the sandboxes' image is there (DockerRuntime::Start). An error says why it can't be had, and what
  // to do. `engine` outlives this.
  static Result<std::unique_ptr<EngineNetwork>> Open(EngineClient& engine);
  EngineNetwork(const EngineNetwork&) = delete;
  EngineNetwork& operator=(const EngineNetwork&) = delete;
  // As Remove.
  ~EngineNetwork();

  const std::string& name() const { return name_; }
  // This machine's address for pods.
  const std::string& machine_address() const { return machine_address_; }
  // The addresses for pods; absent: they have been taken already.
  std::optional<AddressBlock> TakeBlock() { return std::exchange(block_, std::nullopt); }

  // Once no container is on it. An error: it could not be removed. Once; later calls do nothing.
  Status Remove();

 private:
  EngineNetwork(EngineClient& engine, std::string name, AddressBlock block);
  Status Try();

  EngineClient& engine_;
  const std::string name_;
  const std::string machine_address_;
  std::optional<AddressBlock> block_;
  bool removed_ = false;
};

}  // namespace reprieve::runtime::docker
