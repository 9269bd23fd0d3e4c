// What a run prints while it goes on: events as they happen, and the block that repaints on a terminal.
//
// It keeps what the end needs, which run_summary prints. One owner, the engine's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/image_lines.h"
#include "cli/life.h"
#include "cli/repeated_warnings.h"
#include "cli/run_output.h"
#include "node/machine.h"
#include "world/api.h"
#include "world/incident.h"
#include "world/watcher.h"

namespace reprieve::cli {

struct RunReportOptions {
  OutputFormat format = OutputFormat::kText;
  Color color = Color::kAuto;
  bool logs = false;
};

class RunReport final : public world::Watcher {
 public:
  RunReport(const RunReportOptions& options, const world::Clock& clock, const node::Machine& machine);

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet& jobset) override;
  void Judged(const world::Verdict& verdict);
  // Of those that neither a verdict nor an end tells: why children can't be created.
  void EventRecorded(const world::Event& event);
  void Output(const node::PodOutput& line);
  // Of images that pods run in.
  void ImageChanged(const kubelet::ImageEvent& event);
  // With JSON only: people have the lines about what waits.
  void PodEventRecorded(const node::PodEvent& event);
  // An incident of --inject was due.
  void IncidentApplied(const world::Incident& incident, const world::IncidentOutcome& outcome);
  // The run was interrupted: what ends from now on was ended by us.
  void Interrupted() { interrupted_ = true; }
  // A sentence for people, on its own line.
  void Say(const std::string& text);
  // Once everything that happened at once is known: tells the ends of Jobs and JobSets, and repaints the block if that
  // is due.
  void Repaint();
  // The end: what became of every Job and JobSet, and where the logs are. `not_due`: incidents whose time never came.
  void Summarize(bool interrupted, const std::vector<world::Incident>& not_due);
  bool AnyFailed() const;

 private:
  // A failure of a JobSet's Job, until the JobSet's verdict tells the whole chain.
  struct Held {
    Time since;
    meta::Uid jobset;
    world::Verdict verdict;
  };

  // Jobs and JobSets: run_report.cc.
  void TellEnds();
  void TellEnd(const JobLife& job);
  void TellEnd(const JobSetLife& jobset);
  void TellUsedUp(const JobLife& job);
  void ForgetIfGone(const meta::Uid& job);
  // Pods: run_report_pods.cc.
  JobLife* JobOf(const core::Pod& pod);
  JobLife& BeginPod(const core::Pod& pod);
  void EndPod(JobLife& life, bool succeeded, std::string reason, std::string message);
  void NoteNewPod(const core::Pod& pod, JobLife& job, PodLife& life);
  void NoteRestarts(const core::Pod& pod, const JobLife& job, PodLife& life, Tally& tally);
  void TellRestart(const core::Pod& pod, const JobLife& job, std::string_view kind,
                   const core::ContainerStatus& status);
  void NotePhase(const core::Pod& pod, JobLife& job, PodLife& life);
  void NoteFailure(const core::Pod& pod, const JobLife& job, const PodLife& life, Tally& tally);
  void NoteWaiting(PodLife& pod, std::string why);
  void NoteHeldUp(PodLife& pod, HeldUp by);
  void TellPhase(const core::Pod& pod, const JobLife& job, const PodLife& life);
  void TellEarlierRetry(const core::Pod& pod, JobLife& job);
  void TellWaiting();
  void TellHeldUp(const HeldUp& by, std::int64_t pods, std::string_view kind, const meta::ObjectKey& key);
  bool EndsWithOwner(const JobLife& job) const;
  bool EndsWithSuccess(const JobLife& job) const;
  // Verdicts: run_report_verdicts.cc.
  void NoteOfJobSet(const world::Verdict& verdict, const meta::Uid& uid);
  void NoteOfJob(const world::Verdict& verdict, JobLife& job);
  void NoteCause(const world::Verdict& verdict, Tally& tally) const;
  std::int32_t IndexOfFailed(const world::Verdict& verdict) const;
  std::string RuleName(const world::Verdict& verdict) const;
  void ReleaseHeld(const meta::Uid& jobset, const meta::Uid& but_job);
  void ReleaseOldHeld();
  void TellVerdict(const world::Verdict& verdict);

  const bool logs_;
  const node::Machine& machine_;
  RunOutput out_;
  RunLives lives_;
  ImagePulls pulls_;
  std::map<meta::ObjectKey, meta::Uid> job_uids_;
  std::map<meta::ObjectKey, meta::Uid> jobset_uids_;
  std::vector<meta::Uid> ends_;           // of what has ended and is not told yet
  std::vector<meta::Uid> waits_changed_;  // of owners whose pods wait for something new
  std::vector<Held> held_;
  // The newest: verdicts speak of pods that may be gone by then.
  std::deque<std::pair<meta::ObjectKey, FailedPod>> failures_;
  RepeatedWarnings warnings_;
  std::vector<std::string> no_effect_;  // incidents of --inject
  bool interrupted_ = false;
  bool ended_ = false;
};

}  // namespace reprieve::cli
