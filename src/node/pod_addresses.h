// PodAddresses: the address, name and hosts file of each pod on this machine, as its Service publishes them.
//
// Source: spec/job.md 2.11.5; spec/jobset.md 2.9. Thread rules: one owner, the engine's thread. Errors say which hosts
// file could not be written.
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
  // Where hosts files are kept.
  std::string names_directory;
  // What looks names up where pods have no /etc/hosts of their own; empty: they have one, or find no names.
  std::string names_library;
  // Connects pods that want no hostNetwork, each at an address of its own; null pointer: all share this machine's
  // network. Only those with names, or all.
  runtime::PodNetwork* network = nullptr;
  bool only_names_on_network = true;
};

class PodAddresses {
 public:
  explicit PodAddresses(PodAddressOptions options);

  // The pod has come to a node: sets name, addresses and on_network.
  void Assign(PodRecord& record);
  // Fills in hosts and network of the pod's sandbox.
  Status Describe(const PodRecord& record, runtime::PodSandboxSpec& sandbox);
  // Publishes its name, or stops publishing it, as the pod and its Service are now. Nothing if it has none.
  Status Publish(const PodRecord& record);
  // Lets a names library see what was published since the last call.
  Status Show() { return names_.Show(); }
  // How the pod's processes find names by the library; nothing: they have an /etc/hosts of their own, or no names.
  std::optional<kubelet::NamesByLibrary> LibraryFor(const PodRecord& record) const;
  // The pod is gone.
  void Release(PodRecord& record);

  // Services live in the store until they are deleted.
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
