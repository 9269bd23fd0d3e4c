// PodSetup: what a pod has beside its containers: address and name, volumes, the socket of its agent, the sandbox.
//
// Source: spec/job.md 4; spec/jobset.md 2.14 (agents). Thread rules: one owner, the engine's thread. Errors: what a pod
// can't do without makes its containers wait and is tried again; `notice` hears of a failing disk once.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "kubelet/container_spec.h"
#include "node/janitor.h"
#include "node/jobset_agents.h"
#include "node/pod_addresses.h"
#include "node/pod_record.h"

namespace reprieve::node {

struct PodSetupOptions {
  kubelet::VolumePlaces volumes;
  PodAddressOptions addresses;
  // Where the sockets of agents are kept.
  std::string agents_directory;
  // Added to the PATH of pods with an agent, so that they find it.
  std::string program_directory;
  kubelet::Environment base_environment;
  // Where containers work that name no directory.
  std::string working_directory;
  std::function<void(const std::string&)> notice;
};

class PodSetup {
 public:
  // `agents_reported`: TakeAgentReports has something; called on a thread of its own. All must outlive this.
  PodSetup(runtime::Runtime& runtime, Janitor& janitor, const kubelet::ImageMap& images,
           const kubelet::Settings& settings, PodSetupOptions options, std::function<void()> agents_reported);

  // The pod has come to a node: gives it its host name, its name and its address.
  void Assign(PodRecord& record);
  // Makes what the pod needs before a container starts, as far as it is not there yet. REQUIRES: it is in the store.
  Status Prepare(PodRecord& record);
  // REQUIRES: Prepare has succeeded.
  kubelet::ContainerContext ContextOf(const PodRecord& record) const;
  // Lets others find the pod by its name, as the pod and its Service are now.
  void Publish(const PodRecord& record);
  // Lets pods without hosts files of their own see what was published.
  void ShowNames();
  // Its containers have ended: sandbox and volumes go.
  void TearDown(const PodRecord& record);
  // The pod is gone: its name, address and agent too.
  void Release(PodRecord& record);

  void ServiceChanged(const core::Service& service) { addresses_.ServiceChanged(service); }
  void ServiceDeleted(const core::Service& service) { addresses_.ServiceDeleted(service); }
  void JobSetChanged(const jobset::JobSet& jobset) { agents_.JobSetChanged(jobset); }
  void JobSetDeleted(const jobset::JobSet& jobset) { agents_.JobSetDeleted(jobset); }
  // In-place restart attempts that agents reported since the last call, by pod.
  std::map<scheduler::PodNumber, std::int32_t> TakeAgentReports() { return agents_.TakeReports(); }

 private:
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
