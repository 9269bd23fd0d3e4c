// The cluster of one recorded history: the simulated world, driven by the recorded actions, with snapshots in the
// recorder's format.
//
// Source: tests/oracle/README.md. It uses the same admission, store, engine and controllers as `run`.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admission/admission_jobset.h"
#include "document/value.h"
#include "sim/simulation.h"

namespace reprieve::oracle {

class Cluster final : public world::Watcher {
 public:
  Cluster(const sim::SimulationOptions& options, model::KubernetesVersion version);
  ~Cluster() override;

  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod&) override {}
  // Pods created since the last call, as they were stored.
  std::vector<core::Pod> TakeCreated() { return std::exchange(created_, {}); }

  sim::Simulation& sim() { return sim_; }

  // Each returns an error if the server refuses.
  Status CreateJob(const document::Value& manifest);
  Status PatchJob(const std::string& name, const document::Value& patch);
  Status CreateJobSet(const document::Value& manifest);
  Status PatchJobSet(const std::string& name, const document::Value& patch);
  // Background deletion by a user, which the controller does not expect.
  Status DeleteJob(const std::string& name);
  // JSON merge patch of a pod's annotations.
  Status PatchPod(const std::string& pod, const document::Value& patch);
  // Strategic merge patch of the status; "NOW" is the simulation's time.
  Status PatchPodStatus(const std::string& pod, const document::Value& patch);
  Status Bind(const std::string& pod, const std::string& node);
  Status Delete(const std::string& pod);
  Status Remove(const std::string& pod);

  const batch::Job* job() const;
  // The status in the snapshots' format: times are `true`.
  document::Value JobStatus() const;
  // A Job in the snapshots' format.
  static document::Value ShowStatus(const batch::Job& job);
  const jobset::JobSet* jobset() const;
  document::Value JobSetStatus() const;
  // A pod in the snapshots' format.
  static document::Value Show(const core::Pod& pod);

 private:
  world::PodReference Reference(const std::string& pod) const;
  admission::Request RequestFor(std::string_view uid, std::string_view suffix) const;
  admission::JobSetRequest JobSetRequestFor(std::string_view uid, std::string_view suffix);

  sim::Simulation sim_;
  std::string job_name_;  // or the JobSet's
  const model::FeatureGates gates_;
  const model::KubernetesVersion version_;
  std::vector<core::Pod> created_;
  std::set<meta::Uid> known_;
};

inline constexpr std::string_view kNamespace = "ns";

// Patches a pod's status as the server does: `conditions` merge by type, other lists are replaced.
void PatchStatus(core::PodStatus& status, const document::Value& patch, Time now);

}  // namespace reprieve::oracle
