// CaseRun: one run of given Jobs and JobSets in a simulated cluster, with incidents, and its history.
//
//   CaseRun run(objects, options);
//   run.Schedule(incident);
//   run.Play(std::chrono::hours(24));
//   run.history() ...
//
// The same engine and controllers as everywhere, on virtual time. Same options, same history. One owner, one thread;
// several runs may go on in several threads.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/feature_gates.h"
#include "sim/case_history.h"
#include "sim/cluster.h"
#include "sim/simulation.h"
#include "sim/work_model.h"

namespace reprieve::sim {

// Objects that admission has passed. They are copied.
struct CaseObjects {
  std::vector<const batch::Job*> jobs;
  std::vector<const jobset::JobSet*> jobsets;
};

struct CaseOptions {
  std::vector<scheduler::Node> nodes;
  Nanoseconds start_after = Seconds(1);
  LostNodeClock lost_node;
  WorkModel work;
  std::uint64_t seed = 1;
  engine::EngineOptions engine;
};

class CaseRun {
 public:
  // `observer` sees each object as it changes, and must outlive it; null pointer: nobody does.
  CaseRun(const CaseObjects& objects, CaseOptions options, world::Watcher* observer = nullptr);
  CaseRun(const CaseRun&) = delete;
  CaseRun& operator=(const CaseRun&) = delete;
  ~CaseRun();

  // `incident.at` is since the beginning. REQUIRES: Play has not been called yet.
  void Schedule(const world::Incident& incident) { cluster_.Schedule(incident); }
  // Until nothing is due any more, or until so long after the beginning.
  void Play(Nanoseconds until);

  const CaseHistory& history() const { return history_; }
  const Simulation& simulation() const { return simulation_; }
  // Nothing more will ever happen: what has not ended by then never ends.
  bool quiet() const { return quiet_; }
  // Incidents that waited in vain for the pod that they name.
  std::vector<world::Incident> in_vain() const { return cluster_.WaitingIncidents(); }

 private:
  const CaseOptions options_;
  Simulation simulation_;
  CaseHistory history_;
  world::Watcher* const observer_;
  Cluster cluster_;
  bool quiet_ = false;
};

// Nodes named n1 to n`count` that fit all pods of the objects, with the labels that the pods ask for. `labels`: by
// node; shorter than `count`, or empty: the rest has none but these.
[[nodiscard]] std::vector<scheduler::Node> NodesThatFit(const CaseObjects& objects, std::size_t count,
                                                        const std::vector<std::map<std::string, std::string>>& labels);

}  // namespace reprieve::sim
