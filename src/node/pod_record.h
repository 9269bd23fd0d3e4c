// PodRecord: what the machine knows of one pod. A plain value; one owner, the engine's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubelet/environment.h"
#include "kubelet/pod_names.h"
#include "kubelet/pod_worker.h"
#include "kubelet/volumes.h"
#include "runtime/runtime.h"
#include "scheduler/placement.h"
#include "world/api.h"
#include "world/incident.h"

namespace reprieve::node {

// The address of pods without a name: they share this machine's network.
inline constexpr std::string_view kLoopbackAddress = "127.0.0.1";
inline constexpr runtime::ContainerId kNoContainer{0};

struct PodRecord {
  // What its containers get so that an agent in them can talk to us.
  struct Agent {
    runtime::Mount socket;
    kubelet::Environment environment;  // instead of the usual base
  };

  scheduler::PodNumber number = 0;
  world::PodReference reference;
  const core::Pod* pod = nullptr;  // null: gone from the store
  std::shared_ptr<const core::PodSpec> spec;
  std::optional<kubelet::PodWorker> worker;  // absent: it is on no node
  const scheduler::Node* node = nullptr;
  std::vector<int> gpus;
  std::string hostname;
  std::optional<kubelet::PodNames::Name> name;  // under which its Service lets it be found
  std::string address = std::string(kLoopbackAddress);
  std::string host_address = std::string(kLoopbackAddress);  // where it finds this machine
  bool on_network = false;                                   // it has a network of its own
  std::optional<runtime::SandboxId> sandbox;
  std::optional<kubelet::PodVolumes> volumes;
  std::optional<Agent> agent;
  std::vector<runtime::ContainerId> containers;
  std::uint64_t written_revision = 0;
  std::optional<Time> wake;
  bool touched = false;
  bool waits_for_place = false;
  bool deletion_seen = false;
  int attempts_not_made = 0;                 // of its probes
  bool lost = false;                         // with its node: nobody reports on it any more
  std::optional<world::FaultKind> ended_by;  // what the kubelet ends it for
};

}  // namespace reprieve::node
