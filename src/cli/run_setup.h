// What `reprieve run` does before the first pod: the world and its options, the manifests, all checks, the start.
//
//   RunSetup setup(options);
//   if (auto refusal = setup.Check()) return Tell(*refusal, color);   // nothing has been touched
//   if (auto refusal = setup.Start()) return Tell(*refusal, color);
//   setup.report().Say(...);
//
// One owner, the engine's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/load.h"
#include "cli/network_choice.h"
#include "cli/refusal.h"
#include "cli/run_options.h"
#include "cli/run_report.h"
#include "node/local_world.h"
#include "node/run_journal.h"
#include "world/incident.h"

namespace reprieve::cli {

class RunSetup {
 public:
  // `options` must outlive it.
  explicit RunSetup(const RunOptions& options) : options_(options) {}
  RunSetup(const RunSetup&) = delete;
  RunSetup& operator=(const RunSetup&) = delete;

  // Finds all that is wrong with the input, and prints the warnings.
  std::optional<Refusal> Check();
  // Finds, without touching anything, what Start would fail for, but for what only the start itself can show (that the
  // kernel gives a pod a network, that a disk is full). REQUIRES: Check has refused nothing.
  std::optional<Refusal> CheckStart();
  // Starts the world and its report. REQUIRES: Check has refused nothing.
  std::optional<Refusal> Start();

  const Loaded& loaded() const { return loaded_; }
  Loaded& loaded() { return loaded_; }
  const std::vector<world::Incident>& incidents() const { return incidents_; }
  const NetworkChoice& network() const { return network_; }
  // REQUIRES: Check has refused nothing.
  node::LocalWorld& world() { return *world_; }
  // REQUIRES: Start has refused nothing.
  RunReport& report() { return *report_; }

  // Writes what has happened since into the journal of the state folder.
  void FlushJournal();
  // The run is over: completed, failed or interrupted.
  void EndJournal(std::string_view how);
  // Writes the page of HTML where --report wants it, if it is given. REQUIRES: EndJournal was called.
  Status WriteReportPage() const;

  // Writes the counters where --metrics-file wants them, if it is given.
  Status WriteMetrics() const;

 private:
  node::LocalWorldOptions WorldOptions();
  std::optional<Refusal> PrepareWorld();
  void LoadManifests();
  void CheckManifests();
  void CountImages();
  std::string DescribeImages();
  std::optional<Refusal> CheckNetwork() const;
  void WarnOfMissingNames() const;
  void ConnectReport();
  void ConnectJournal();
  std::string DescribeNetwork() const;
  std::string DescribeRehearsedGpus() const;

  const RunOptions& options_;
  // These outlive the world, which reports to them.
  std::optional<RunReport> report_;
  std::unique_ptr<node::RunJournal> journal_;  // null: it can't be written
  std::unique_ptr<node::LocalWorld> world_;
  Loaded loaded_;
  std::vector<world::Incident> incidents_;
  NetworkChoice network_;
  bool would_use_images_ = false;  // were there an engine
};

}  // namespace reprieve::cli
