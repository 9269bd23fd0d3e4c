// PodAddresses: the address, name and hosts file of each pod on this machine, as its Service publishes them.
//
// Source: spec/job.md 2.11.5; spec/jobset.md 2.9. Thread rules: one owner, the engine's thread. Errors name the hosts
// file that could not be written.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "kubelet/container_spec.h"
#include "kubelet/pod_names.h"
#include "model/core.h"
#include "node/pod_record.h"
#include "runtime/pod_network.h"
#include "runtime/runtime.h"

namespace reprieve::node {

struct PodAddressOptions {
  // The directory of the hosts files.
  std::string names_directory;
  // The library that resolves names where pods have no /etc/hosts of their own; empty: not needed, or not installed.
  std::string names_library;
  // Where pods without hostNetwork are, each at its own address: only those with names, or all. Absent: all pods share
  // this machine's network.
  struct Networks {
    std::string machine_address;  // for pods
    kubelet::PodNames::ClaimBlock claim;
    runtime::PodNetwork* processes = nullptr;  // connects pods that are processes; null: none is connected
    std::string images = {};                   // the engine's name of the network of pods in images; empty: likewise
  };
  std::optional<Networks> networks = std::nullopt;
  bool only_names_on_network = true;
};

class PodAddresses {
 public:
  explicit PodAddresses(PodAddressOptions options);

  // The pod was bound to a node: sets name, addresses and on_network.
  void Assign(PodRecord& record);
  // Fills in hosts and network of the pod's sandbox.
  Status Describe(const PodRecord& record, runtime::PodSandboxSpec& sandbox);
  // Publishes the pod's name, or withdraws it, by the current state of the pod and its Service. No effect without a
  // name.
  Status Publish(const PodRecord& record);
  // Writes what was published since the last call to the library's files.
  Status Show() { return names_.Show(); }
  // What the pod's processes need to use the library; nullopt: not needed, or not installed.
  std::optional<kubelet::NamesByLibrary> LibraryFor(const PodRecord& record) const;
  // The pod is gone.
  void Release(PodRecord& record);

  // REQUIRES: a Service lives until ServiceDeleted.
  void ServiceChanged(const core::Service& service);
  void ServiceDeleted(const core::Service& service);
  // Whether the name of that pod depends on that Service.
  static bool DependsOn(const PodRecord& record, const core::Service& service);

 private:
  bool IsPublished(const PodRecord& record) const;

  const PodAddressOptions options_;
  kubelet::PodNames names_;
  std::map<meta::ObjectKey, const core::Service*> services_;
};

}  // namespace reprieve::node
