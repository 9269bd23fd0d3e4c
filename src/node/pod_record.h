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
  // What an agent in one of its containers needs to reach `run`.
  struct Agent {
    runtime::Mount socket;
    kubelet::Environment environment;  // instead of the usual base
  };

  scheduler::PodNumber number = 0;
  world::PodReference reference;
  const core::Pod* pod = nullptr;  // null: gone from the store
  std::shared_ptr<const core::PodSpec> spec;
  std::optional<kubelet::PodWorker> worker;  // absent: not on a node
  const scheduler::Node* node = nullptr;
  std::vector<int> gpus;
  std::string hostname;
  std::optional<kubelet::PodNames::Name> name;  // the one that its Service publishes
  std::string address = std::string(kLoopbackAddress);
  std::string host_address = std::string(kLoopbackAddress);  // of this machine, as seen from the pod
  bool on_network = false;                                   // it has a network of its own
  bool in_images = false;                                    // where its containers run
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
  bool lost = false;                         // together with its node: its status is no longer reported
  std::optional<world::FaultKind> ended_by;  // why the kubelet ends it
  std::string ended_message;                 // in its own words; empty: the usual ones
};

}  // namespace reprieve::node
