// What a run has to say: events as they happen, a block that repaints on a terminal, the end.
//
// Source: UX.md. One owner, the engine's thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/style.h"
#include "node/machine.h"
#include "world/verdict.h"
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
  void Judged(const world::Verdict& verdict);
  void Output(const node::PodOutput& line);
  // A sentence for people, on its own line.
  void Say(const std::string& text);
  // Once everything that happened at once is known: tells the ends of Jobs, and paints the block anew if it is time.
  void Repaint();
  // The end of every Job: attempts, pods, time, verdicts, where the logs are.
  void Summarize(bool interrupted);
  bool AnyFailed() const;

 private:
  struct PodLife {
    std::string job;
    core::PodPhase phase = core::PodPhase::kPending;
    std::optional<Time> running_since;
    std::map<std::string, std::int32_t> restarts;
  };
  struct JobLife {
    meta::ObjectKey key;
    Time began;
    batch::JobStatus status;
    std::optional<std::int32_t> completions;
    bool finished = false;
    std::optional<Time> ended;
    std::int64_t pods = 0;
    std::int64_t restarts = 0;
    std::int64_t counted = 0;                                       // failures that counted
    std::int64_t ignored = 0;                                       // and that did not
    Nanoseconds wasted{0};                                          // time of pods that failed
    std::optional<world::Verdict> last;                             // what ended it, if anything judged did
    std::optional<std::pair<std::string, std::string>> failed_pod;  // the last, and its container
    std::int32_t failed_attempt = 0;
  };

  JobLife* LifeOf(const core::Pod& pod);
  void Line(const std::string& text);
  void Json(model::Value object);
  model::Value JsonEvent(std::string_view type, const meta::ObjectKey& job) const;
  void TellEnds();
  void EraseBlock();
  std::string BlockLine(const JobLife& job) const;
  void SummarizeOne(const JobLife& job, bool interrupted);
  void PrintTail(const JobLife& job);

  const RunReportOptions options_;
  const world::Clock& clock_;
  const node::Machine& machine_;
  const Style style_;
  std::vector<std::string> order_;       // UIDs of Jobs
  std::map<std::string, JobLife> jobs_;  // by UID
  std::map<std::string, PodLife> pods_;  // by UID
  std::vector<std::string> ends_;        // UIDs of Jobs that have ended and are not told yet
  std::size_t block_lines_ = 0;
  std::optional<Time> painted_;
  bool ended_ = false;
};

}  // namespace reprieve::cli
