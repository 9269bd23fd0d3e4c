// CaseHistory: what has happened in one run of a simulated world, as far as expectations and timelines ask for it.
//
// A Watcher beside the controllers; verdicts and incidents are told to it. Times are absolute. One owner, the
// simulation's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/jobset.h"
#include "world/clock.h"
#include "world/incident.h"
#include "world/verdict.h"
#include "world/watcher.h"

namespace reprieve::sim {

struct PodHistory {
  std::string name;
  std::string job;     // its Job's name
  std::string jobset;  // and its JobSet's; empty: none
  Time created;
  std::optional<Time> started;  // its phase became Running
  std::optional<Time> ended;    // it became Succeeded or Failed, or was gone
  std::string node;
  bool failed = false;
};

struct JobHistory {
  std::string jobset;  // its JobSet's name; empty: none
  std::string group;   // and its replicated job's
  std::optional<Time> finished;
  std::optional<Time> deleted;
  batch::JobStatus status;  // the last one that was seen
};

struct JobSetHistory {
  std::optional<Time> finished;
  std::optional<Time> deleted;
  jobset::JobSetStatus status;
};

// A line of the timeline.
struct HistoryLine {
  Time at;
  std::string text;
};

class CaseHistory final : public world::Watcher {
 public:
  // The clock must outlive it.
  explicit CaseHistory(const world::Clock& clock) : clock_(clock), began_(clock.Now()) {}

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet& jobset) override;
  void Judged(const world::Verdict& verdict);
  void IncidentApplied(const world::Incident& incident, const world::IncidentOutcome& outcome);

  Time began() const { return began_; }
  // By name, the newest of that name.
  const std::map<std::string, JobHistory>& jobs() const { return jobs_; }
  const std::map<std::string, JobSetHistory>& jobsets() const { return jobsets_; }
  // In the order of their creation.
  const std::vector<PodHistory>& pods() const { return pods_; }
  const std::vector<world::Verdict>& verdicts() const { return verdicts_; }
  // Incidents that had no effect.
  const std::vector<HistoryLine>& without_effect() const { return without_effect_; }
  const std::vector<HistoryLine>& lines() const { return lines_; }
  // Lines that were not kept, for there were too many.
  std::size_t lines_left_out() const { return lines_left_out_; }

 private:
  void Line(std::string text);

  const world::Clock& clock_;
  const Time began_;
  std::map<std::string, JobHistory> jobs_;
  std::map<std::string, JobSetHistory> jobsets_;
  std::vector<PodHistory> pods_;
  std::unordered_map<const core::Pod*, std::size_t> live_pods_;
  std::vector<world::Verdict> verdicts_;
  std::vector<HistoryLine> without_effect_;
  std::vector<HistoryLine> lines_;
  std::size_t lines_left_out_ = 0;
};

// "10s", "1m30s": since the beginning.
std::string SinceBeginning(Time at, Time began);

}  // namespace reprieve::sim
