#include "cli/run_summary.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kTailLines = 5;
// Of more Jobs and JobSets, those that completed are counted and not listed.
constexpr std::size_t kListed = 5;
// Of so many that failed, the last lines of their logs are shown.
constexpr std::size_t kTails = 5;
constexpr std::size_t kIndent = 11;  // "  logs     "

// How it ended, if it did.
std::string_view EndWord(bool complete, bool failed, bool interrupted) {
  return complete ? "completed" : failed ? "failed" : interrupted ? "was interrupted" : "did not end";
}

// The rule that stopped it, if one did, else the reason. `stops`: the action of a rule that does.
std::string StoppedBy(const std::optional<world::Verdict>& end, std::string_view stops, const std::string& reason,
                      const std::string& message) {
  if (!end || !end->rule || end->rule->action != stops) return Cat(": ", reason, " (", message, ")");
  std::string out = Cat(": rule ", end->rule->index + 1, " ", end->rule->action, " stopped it");
  if (!end->rule->file.empty()) AppendTo(out, " (", end->rule->file, ":", end->rule->line, ")");
  return out;
}

// A Job or a JobSet, for what both have.
struct Summarized {
  meta::ObjectKey key;
  bool complete = false;
  bool failed = false;
  std::string head;                      // "Job train failed after 9s: why"
  std::string because = {};              // the chain of verdicts, of a JobSet
  std::vector<std::string> counts = {};  // "succeeded 3", "failed 1"
  std::string indexes = {};              // the failed ones
  const Tally* tally = nullptr;
};

Summarized Sum(const JobLife& job, bool interrupted, Time now) {
  Summarized out;
  out.key = job.key;
  out.complete = job.status.IsTrue("Complete");
  out.failed = job.status.IsTrue("Failed");
  out.tally = &job.tally;
  out.head = Cat(NameOf(job.key), " ", EndWord(out.complete, out.failed, interrupted), " after ",
                 HumanDuration(job.ended.value_or(now) - job.began));
  if (out.failed) {
    const batch::JobCondition& end = *job.status.FindCondition("Failed");
    const bool by_rule = end.reason == "PodFailurePolicy";
    out.head += StoppedBy(by_rule ? job.ended_by : std::nullopt, "FailJob", end.reason, end.message);
  }
  out.counts = {Cat("succeeded ", job.status.succeeded),
                Cat("failed ", std::max<std::int64_t>(job.status.failed, job.tally.failed))};
  out.indexes = job.status.failed_indexes.value_or(std::string());
  return out;
}

Summarized Sum(const JobSetLife& jobset, bool interrupted, Time now) {
  Summarized out;
  out.key = jobset.key;
  out.complete = jobset.status.IsTrue("Completed");
  out.failed = jobset.status.IsTrue("Failed");
  out.tally = &jobset.tally;
  out.head = Cat("JobSet ", NameOf(jobset.key), " ", EndWord(out.complete, out.failed, interrupted), " after ",
                 HumanDuration(jobset.ended.value_or(now) - jobset.began));
  if (out.failed) {
    const jobset::Condition& end = *jobset.status.FindCondition("Failed");
    const Restarts restarts = RestartsOf(jobset);
    if (end.reason == "ReachedMaxRestarts" && restarts.limit > 0 && restarts.used >= restarts.limit) {
      AppendTo(out.head, ": its restarts are used up, ", restarts.used, " of ", restarts.limit);
    } else {
      out.head += StoppedBy(jobset.last && jobset.last->ends ? jobset.last : std::nullopt, "FailJobSet", end.reason,
                            end.message);
    }
    if (jobset.last) out.because = Join(ChainOf(*jobset.last), " → ");
  }
  if (std::string used = RestartsUsed(jobset); !used.empty()) out.counts.push_back(std::move(used));
  if (jobset.tally.failed > 0) out.counts.push_back(Cat("failed ", jobset.tally.failed));
  return out;
}

// `counts`: what is said of this kind of object.
std::vector<std::string> FactsOf(const Tally& tally, const std::vector<std::string>& counts) {
  std::vector<std::string> out = {Cat("attempts ", tally.pods + tally.restarts), Cat("pods ", tally.pods)};
  out.insert(out.end(), counts.begin(), counts.end());
  out.push_back(Cat("retried ", tally.retried + tally.restarts));
  out.push_back(Cat("ignored ", tally.ignored));
  if (tally.wasted > Nanoseconds(0)) out.push_back(Cat("wasted ", HumanDuration(tally.wasted)));
  return out;
}

class TextSummary {
 public:
  TextSummary(RunOutput& out, const node::Machine& machine) : out_(out), machine_(machine) {}

  void Print(const std::vector<Summarized>& all, Nanoseconds took) {
    const auto failed = static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const Summarized& each) { return each.failed; }));
    if (all.size() > 1) PrintTotals(all, failed, took);
    const bool list_all = all.size() <= kListed;
    for (const Summarized& each : all) {
      if (each.failed || list_all) PrintOne(each, failed <= kTails);
    }
    if (!list_all) PrintUnfinished(all);
    std::error_code ignored;
    const std::string directory = machine_.LogDirectory();
    const bool any_logs = std::filesystem::exists(directory, ignored);
    if (!any_logs) return;
    if (all.size() > 1) out_.Plain("");
    out_.Plain(Cat(failed > 0 ? "  all logs " : "  logs     ", directory, "/"), kIndent);
  }

 private:
  // 490 of 500 completed, 10 failed, after 1m12s
  void PrintTotals(const std::vector<Summarized>& all, std::size_t failed, Nanoseconds took) {
    Tally sum;
    std::size_t completed = 0;
    for (const Summarized& each : all) {
      completed += each.complete ? 1 : 0;
      sum.pods += each.tally->pods;
      sum.failed += each.tally->failed;
      sum.restarts += each.tally->restarts;
      sum.retried += each.tally->retried;
      sum.ignored += each.tally->ignored;
      sum.wasted += each.tally->wasted;
    }
    std::string text = Cat(completed, " of ", all.size(), " completed");
    if (failed > 0) AppendTo(text, ", ", failed, " failed");
    if (const std::size_t rest = all.size() - completed - failed; rest > 0) AppendTo(text, ", ", rest, " did not end");
    AppendTo(text, ", after ", HumanDuration(took));
    out_.Plain("");
    out_.Heading(text, completed == all.size());
    out_.Facts(FactsOf(sum, sum.failed > 0 ? std::vector{Cat("failed ", sum.failed)} : std::vector<std::string>()));
  }

  void PrintUnfinished(const std::vector<Summarized>& all) {
    std::vector<std::string> names;
    for (const Summarized& each : all) {
      if (!each.complete && !each.failed) names.push_back(NameOf(each.key));
    }
    if (names.empty()) return;
    out_.Plain("");
    out_.Plain(Cat("did not end: ", Join(names, ", ")), 2);
  }

  void PrintOne(const Summarized& one, bool with_tail) {
    out_.Plain("");
    out_.Heading(one.head, one.complete);
    if (!one.because.empty()) out_.Plain(Cat("  because  ", Escaped(one.because)), kIndent);
    if (!one.indexes.empty()) out_.Plain(Cat("  indexes  ", one.indexes, " failed"), kIndent);
    out_.Facts(FactsOf(*one.tally, one.counts));
    if (one.failed) PrintLogs(one, with_tail);
  }

  // Of the container to blame.
  void PrintLogs(const Summarized& one, bool with_tail) {
    const std::optional<FailedPod>& blamed = one.tally->cause ? one.tally->cause : one.tally->failed_pod;
    if (!blamed) return;
    PrintMessage(blamed->message);
    const std::string path = machine_.LogPath({one.key.namespace_, blamed->pod}, blamed->container, blamed->attempt);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      out_.Plain(Cat("  logs     ", path), kIndent);
      if (with_tail) PrintTail(path);
    } else {
      out_.Plain(Cat("  logs     none of ", blamed->pod, "/", blamed->container, ": it printed nothing"), kIndent);
    }
  }

  // What the container has left as its termination message.
  void PrintMessage(const SharedString& message) {
    std::vector<std::string_view> lines;
    for (const std::string_view line : Split(message.view(), '\n')) {
      if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(line);
    }
    const std::size_t first = lines.size() > kTailLines ? lines.size() - kTailLines : 0;
    for (std::size_t i = first; i < lines.size(); ++i) {
      out_.Verbatim(Cat(i == first ? "  message  " : std::string(kIndent, ' '), out_.Foreign(lines[i])));
    }
  }

  // The last lines, without the columns of the log format.
  void PrintTail(const std::string& path) {
    std::ifstream file(path);
    std::deque<std::string> tail;
    for (std::string line; std::getline(file, line);) {
      tail.push_back(std::move(line));
      if (tail.size() > kTailLines) tail.pop_front();
    }
    for (const std::string& line : tail) {
      std::string_view text = line;
      for (int column = 0; column < 3; ++column) text.remove_prefix(std::min(text.size(), text.find(' ') + 1));
      out_.Verbatim(Cat(std::string(kIndent, ' '), out_.style().Dim(out_.Foreign(text))));
    }
  }

  RunOutput& out_;
  const node::Machine& machine_;
};

}  // namespace

void PrintSummary(RunOutput& out, const RunLives& lives, const node::Machine& machine, bool interrupted) {
  if (out.json()) return PrintJsonSummary(out, lives, machine);
  PrintTextSummary(out, lives, machine, interrupted);
}

void PrintTextSummary(RunOutput& out, const RunLives& lives, const node::Machine& machine, bool interrupted) {
  const Time now = out.Now();
  std::vector<Summarized> all;
  std::optional<Time> began;
  std::optional<Time> ended;
  const auto add = [&](const auto& life) {
    all.push_back(Sum(life, interrupted, now));
    began = std::min(began.value_or(life.began), life.began);
    ended = std::max(ended.value_or(life.ended.value_or(now)), life.ended.value_or(now));
  };
  for (const meta::Uid& uid : lives.order) {
    if (const JobLife* job = lives.FindJob(uid)) {
      add(*job);
    } else {
      add(lives.jobsets.at(uid));
    }
  }
  if (began) TextSummary(out, machine).Print(all, *ended - *began);
}

}  // namespace reprieve::cli
