// One vector about a JobSet, run on virtual time through admission, store, engine and controllers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "document/value.h"
#include "model/feature_gates.h"
#include "sim/faulty_api.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"
#include "vectors/jobset_record.h"

namespace reprieve::vectors {

class JobSetScenario {
 public:
  // `input` is a vector's and must outlive the scenario. `faults`: how the controller's writes fail.
  explicit JobSetScenario(const document::Value& input, std::optional<sim::FaultRates> faults = {});

  void Run();
  // As in JobSetRecord; if admission refused the JobSet, `refused` has the messages.
  [[nodiscard]] document::Value Seen() const;
  [[nodiscard]] document::Value Present() const { return record_.Present(); }
  // How many writes the controller has asked for. REQUIRES: faults.
  std::uint64_t writes() const { return simulation_.writes(); }

 private:
  using Action = void (JobSetScenario::*)(const document::Value&);
  struct Verb {
    std::string_view name;
    Action act;
  };
  static const Verb kVerbs[];

  document::Value Manifest() const;
  document::Value ReplicatedJob(const document::Value& shorthand) const;
  void AddJobSet();
  void AddForeigners();
  void AddForeignJob(const std::string& name);
  void Do(const document::Value& action);
  sim::PodScript Life(const core::Pod& pod);

  void Patch(const document::Value& patch);
  void DeleteJobSet(const document::Value& propagation);
  void DeleteJob(const document::Value& names);
  void DeleteJobInBackground(const document::Value& names);
  void DeleteService(const document::Value& name);
  void DeletePod(const document::Value& name);
  void LabelJob(const document::Value& labels_by_job);
  void Attempt(const document::Value& attempts_by_pod);
  void RestartCount(const document::Value& counts_by_pod);
  void SetNodes(const document::Value& labels_by_node);
  void Look(const document::Value& name) { record_.Look(name.AsText()); }
  void Restart(const document::Value&) { simulation_.RestartController(); }

  const jobset::JobSet* Find();
  // Calls `act` on each pod of that short name that has not ended.
  void ForPods(const std::string& name, const std::function<void(const core::Pod&)>& act);
  void RemoveJob(const document::Value& name, world::Propagation propagation);

  const document::Value& input_;
  const model::FeatureGates gates_;
  sim::Simulation simulation_;
  const meta::ObjectKey key_;
  sim::ScriptedKubelet kubelet_;
  JobSetRecord record_;
  std::map<std::string, std::size_t> incarnations_;  // of pods by short name
  document::Value refused_;
};

}  // namespace reprieve::vectors
