// What a run has to say: events as they happen, a block that repaints on a terminal, the end.
//
// One owner, the engine's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/life.h"
#include "cli/repeated_warnings.h"
#include "cli/style.h"
#include "node/machine.h"
#include "world/api.h"
#include "world/incident.h"
#include "world/watcher.h"

namespace reprieve::cli {

enum class OutputFormat { kText, kJson };

struct RunReportOptions {
  OutputFormat format = OutputFormat::kText;
  bool repaint = false;  // standard output is a terminal
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
  // Of those that no verdict and no end tells: why children cannot be made.
  void EventRecorded(const world::Event& event);
  void Output(const node::PodOutput& line);
  // An event of --inject has come.
  void IncidentApplied(const world::Incident& incident, const std::string& outcome, bool happened);
  // A sentence for people, on its own line.
  void Say(const std::string& text);
  // Once everything that happened at once is known: tells the ends of Jobs and JobSets, and paints the block anew if it
  // is time.
  void Repaint();
  // The end of every Job and JobSet: attempts, pods, time, verdicts, where the logs are.
  // `not_yet`: events of --inject whose time never came.
  void Summarize(bool interrupted, const std::vector<std::string>& not_yet);
  bool AnyFailed() const;

 private:
  struct PodLife {
    meta::Uid owner;  // of the JobSet, or of the Job that stands for itself
    core::PodPhase phase = core::PodPhase::kPending;
    std::optional<Time> running_since;
    std::map<SharedString, std::int32_t> restarts;
    std::string waits;  // why it has no place yet
  };
  // A failure of a JobSet's Job, until the JobSet's verdict tells the whole chain.
  struct Held {
    Time since;
    meta::Uid jobset;
    world::Verdict verdict;
  };
  JobLife* LifeOf(const core::Pod& pod);
  void Line(const std::string& text);
  void Json(document::Value object);
  // `kind`: job or jobset.
  document::Value JsonEvent(std::string_view type, std::string_view kind, const meta::ObjectKey& object) const;
  Tally& TallyOf(JobLife& job);
  void NoteWaiting(PodLife& pod, std::string why);
  void TellWaiting();
  void NoteFailure(const core::Pod& pod);
  void NoteCause(const world::Verdict& verdict, Tally& tally) const;
  void ReleaseHeld(const meta::Uid& jobset, const meta::Uid& but_job);
  void ReleaseOldHeld();
  void PrintVerdict(const world::Verdict& verdict);
  void TellEnds();
  void TellEnd(const JobLife& job);
  void TellEnd(const JobSetLife& jobset);
  void EraseBlock();
  void PaintBlock(Time now);
  void Summarize(const JobLife& job, bool interrupted);
  void Summarize(const JobSetLife& jobset, bool interrupted);
  // What a summary has beside its heading.
  document::Value SummaryEvent(document::Value event, const Tally& tally, std::string_view result,
                               Nanoseconds took) const;
  void PrintTally(const meta::ObjectKey& key, const Tally& tally, bool failed, const std::string& counts);
  void PrintTail(const std::string& path);

  const RunReportOptions options_;
  const world::Clock& clock_;
  const node::Machine& machine_;
  const Style style_;
  std::vector<meta::Uid> order_;  // of JobSets and of Jobs that stand for themselves
  std::map<meta::Uid, JobLife> jobs_;
  std::map<meta::Uid, JobSetLife> jobsets_;
  std::map<meta::ObjectKey, meta::Uid> job_uids_;
  std::map<meta::ObjectKey, meta::Uid> jobset_uids_;
  std::map<meta::Uid, PodLife> pods_;
  std::vector<meta::Uid> ends_;           // of what has ended and is not told yet
  std::vector<meta::Uid> waits_changed_;  // of Jobs whose pods wait for something new
  std::vector<Held> held_;
  std::deque<std::pair<meta::ObjectKey, FailedPod>> failures_;  // the newest
  RepeatedWarnings warnings_;
  std::vector<std::string> missed_;  // events of --inject that befell nothing
  std::size_t block_lines_ = 0;
  std::optional<Time> painted_;
  bool ended_ = false;
};

}  // namespace reprieve::cli
