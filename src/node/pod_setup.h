// PodSetup: what a pod needs besides its containers: address and name, volumes, the socket of its agent, the sandbox.
//
// Source: spec/job.md 4; spec/jobset.md 2.14 (agents). Thread rules: one owner, the engine's thread. Errors: if
// something can't be made, the pod's containers wait and it is retried; a failing disk is reported to `notice` once.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "kubelet/container_spec.h"
#include "kubelet/wanted_image.h"
#include "node/janitor.h"
#include "node/jobset_agents.h"
#include "node/pod_addresses.h"
#include "node/pod_record.h"

namespace reprieve::node {

struct PodSetupOptions {
  kubelet::VolumePlaces volumes;
  PodAddressOptions addresses;
  // The directory of the agents' sockets.
  std::string agents_directory;
  // Added to the PATH of pods with an agent, so that they find it.
  std::string program_directory;
  kubelet::Environment base_environment;
  // The working directory of containers that don't set one.
  std::string working_directory;
  // The logins to registries that pods find on this machine.
  kubelet::MachineLoginPlaces logins;
  std::function<void(const std::string&)> notice;
};

class PodSetup {
 public:
  // `agents_reported`: TakeAgentReports has reports; called on another thread. All must outlive this.
  PodSetup(runtime::Runtime& runtime, Janitor& janitor, const kubelet::ImageMap& images,
           const kubelet::Settings& settings, PodSetupOptions options, std::function<void()> agents_reported);

  // The pod was bound to a node: assigns its host name, name and address.
  void Assign(PodRecord& record);
  // Makes whatever the pod needs before a container starts and does not have yet. REQUIRES: it is in the store.
  Status Prepare(PodRecord& record);
  // REQUIRES: Prepare has succeeded.
  kubelet::ContainerContext ContextOf(const PodRecord& record) const;
  // The image of a container, and who may pull it. REQUIRES: the pod runs in its images.
  kubelet::WantedImage WantedImageOf(const PodRecord& record, std::size_t container) const;
  // Publishes the pod's name, or withdraws it, by the current state of the pod and its Service.
  void Publish(const PodRecord& record);
  // Makes published names visible to pods without hosts files of their own.
  void ShowNames();
  // Its containers have ended: removes sandbox and volumes.
  void TearDown(const PodRecord& record);
  // The pod is gone: frees its name, address and agent.
  void Release(PodRecord& record);

  void ServiceChanged(const core::Service& service) { addresses_.ServiceChanged(service); }
  void ServiceDeleted(const core::Service& service) { addresses_.ServiceDeleted(service); }
  void JobSetChanged(const jobset::JobSet& jobset) { agents_.JobSetChanged(jobset); }
  void JobSetDeleted(const jobset::JobSet& jobset) { agents_.JobSetDeleted(jobset); }
  // In-place restart attempts that agents reported since the last call, by pod.
  std::map<scheduler::PodNumber, std::int32_t> TakeAgentReports() { return agents_.TakeReports(); }

 private:
  const kubelet::Environment& EnvironmentOf(const PodRecord& record) const;
  static kubelet::PodFacts FactsOf(const PodRecord& record);
  Status MakeVolumes(PodRecord& record);
  Status MakeAgent(PodRecord& record);
  Status MakeSandbox(PodRecord& record);
  void NoticeOnce(const Status& status);

  runtime::Runtime& runtime_;
  Janitor& janitor_;
  const kubelet::ImageMap& images_;
  const kubelet::Settings& settings_;
  const PodSetupOptions options_;
  PodAddresses addresses_;
  JobSetAgents agents_;
  bool noticed_ = false;  // until the disk works again
};

}  // namespace reprieve::node
