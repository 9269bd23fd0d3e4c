// The end of a run: what came of every Job and JobSet, and the way on.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/run_report.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr std::size_t kTailLines = 5;

}  // namespace

void RunReport::Summarize(bool interrupted, const std::vector<std::string>& not_yet) {
  ReleaseHeld({}, {});
  TellEnds();
  for (const std::string& text : warnings_.Rest()) {
    if (options_.format == OutputFormat::kText) Line(text);
  }
  EraseBlock();
  ended_ = true;
  for (const meta::Uid& uid : order_) {
    if (const auto job = jobs_.find(uid); job != jobs_.end()) {
      Summarize(job->second, interrupted);
    } else {
      Summarize(jobsets_.at(uid), interrupted);
    }
  }
  std::vector<std::string> missed = missed_;
  missed.insert(missed.end(), not_yet.begin(), not_yet.end());
  if (options_.format == OutputFormat::kJson) {
    for (const std::string& text : not_yet) {
      Value event = Value::MakeObject();
      event.Set("type", Value::String("incident"));
      event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
      event.Set("event", Value::String(text));
      event.Set("happened", Value::Bool(false));
      event.Set("outcome", Value::String("its time did not come"));
      Json(std::move(event));
    }
  } else if (!missed.empty()) {
    for (std::string& text : missed) text = Cat("\"", text, "\"");
    std::printf("\n%zu %s did not happen: %s\n", missed.size(), missed.size() == 1 ? "event" : "events",
                Join(missed, ", ").c_str());
  }
  std::fflush(stdout);
}

namespace {

// With thousandths.
Value InSeconds(Nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  const std::string fraction = Cat(ms % 1000);
  return Value::Number(Cat(ms / 1000, ".", std::string(3 - fraction.size(), '0'), fraction));
}

// complete, failed: how it ended, if it did.
std::string EndWord(bool complete, bool failed, bool interrupted) {
  return complete ? "completed" : failed ? "failed" : interrupted ? "was interrupted" : "did not end";
}

// The rule that stopped it, if one did; the reason in other cases. `stops`: the rule's action that does.
std::string StoppedBy(const std::optional<world::Verdict>& end, std::string_view stops, const std::string& reason,
                      const std::string& message) {
  if (!end || !end->rule || end->rule->action != stops) return Cat(": ", reason, " (", message, ")");
  std::string out = Cat(": rule ", end->rule->index + 1, " ", end->rule->action, " stopped it");
  if (!end->rule->file.empty()) AppendTo(out, " (", end->rule->file, ":", end->rule->line, ")");
  return out;
}

}  // namespace

void RunReport::Summarize(const JobLife& job, bool interrupted) {
  const Nanoseconds took = job.ended.value_or(clock_.Now()) - job.began;
  const bool failed = job.status.IsTrue("Failed");
  const bool complete = job.status.IsTrue("Complete");
  if (options_.format == OutputFormat::kJson) {
    Value event = SummaryEvent(JsonEvent("summary", "job", job.key), job.tally,
                               complete ? "Complete"
                               : failed ? "Failed"
                                        : "Interrupted",
                               took);
    event.Set("succeeded", Value::Int(job.status.succeeded));
    event.Set("failed", Value::Int(job.status.failed));
    return Json(std::move(event));
  }
  std::string head = Cat(NameOf(job.key), " ", EndWord(complete, failed, interrupted), " after ", HumanDuration(took));
  if (failed) {
    const batch::JobCondition& end = *job.status.FindCondition("Failed");
    const bool by_rule = end.reason == "PodFailurePolicy";
    head += StoppedBy(by_rule ? job.ended_by : std::nullopt, "FailJob", end.reason, end.message);
  }
  std::printf("\n%s\n", (complete ? style_.Green(head) : style_.Red(head)).c_str());
  PrintTally(job.key, job.tally, failed,
             Cat("succeeded ", job.status.succeeded, " · failed ", job.status.failed, " · "));
}

void RunReport::Summarize(const JobSetLife& jobset, bool interrupted) {
  const Nanoseconds took = jobset.ended.value_or(clock_.Now()) - jobset.began;
  const bool failed = jobset.status.IsTrue("Failed");
  const bool complete = jobset.status.IsTrue("Completed");
  if (options_.format == OutputFormat::kJson) {
    Value event = SummaryEvent(JsonEvent("summary", "jobset", jobset.key), jobset.tally,
                               complete ? "Completed"
                               : failed ? "Failed"
                                        : "Interrupted",
                               took);
    event.Set("jobSetRestarts", Value::Int(jobset.status.restarts));
    event.Set("restartsCountTowardsMax", Value::Int(jobset.status.restarts_count_towards_max));
    // With those of single Jobs.
    const Restarts restarts = RestartsOf(jobset);
    event.Set("restartsUsed", Value::Int(restarts.used));
    event.Set("restartsNotCounted", Value::Int(restarts.uncounted));
    event.Set("restartsForgiven", Value::Int(restarts.forgiven));
    event.Set("maxRestarts", Value::Int(restarts.limit));
    return Json(std::move(event));
  }
  std::string head =
      Cat("JobSet ", NameOf(jobset.key), " ", EndWord(complete, failed, interrupted), " after ", HumanDuration(took));
  if (failed) {
    const jobset::Condition& end = *jobset.status.FindCondition("Failed");
    const Restarts restarts = RestartsOf(jobset);
    if (end.reason == "ReachedMaxRestarts" && restarts.limit > 0 && restarts.used >= restarts.limit) {
      AppendTo(head, ": its restarts are used up, ", restarts.used, " of ", restarts.limit);
    } else {
      head += StoppedBy(jobset.last && jobset.last->ends ? jobset.last : std::nullopt, "FailJobSet", end.reason,
                        end.message);
    }
  }
  std::printf("\n%s\n", (complete ? style_.Green(head) : style_.Red(head)).c_str());
  if (failed && jobset.last) std::printf("  because  %s\n", Join(ChainOf(*jobset.last), " → ").c_str());
  const std::string used = RestartsUsed(jobset);
  PrintTally(jobset.key, jobset.tally, failed, used.empty() ? used : Cat(used, " · "));
}

Value RunReport::SummaryEvent(Value event, const Tally& tally, std::string_view result, Nanoseconds took) const {
  event.Set("result", Value::String(std::string(result)));
  event.Set("seconds", InSeconds(took));
  event.Set("pods", Value::Int(tally.pods));
  event.Set("restarts", Value::Int(tally.restarts));
  event.Set("retried", Value::Int(tally.retried + tally.restarts));
  event.Set("counted", Value::Int(tally.counted));
  event.Set("ignored", Value::Int(tally.ignored));
  event.Set("wastedSeconds", InSeconds(tally.wasted));
  event.Set("logs", Value::String(machine_.LogDirectory()));
  return event;
}

void RunReport::PrintTally(const meta::ObjectKey& key, const Tally& tally, bool failed, const std::string& counts) {
  std::printf("  attempts %lld · pods %lld · %sretried %lld · ignored %lld",
              static_cast<long long>(tally.pods + tally.restarts), static_cast<long long>(tally.pods), counts.c_str(),
              static_cast<long long>(tally.retried + tally.restarts), static_cast<long long>(tally.ignored));
  if (tally.wasted > Nanoseconds(0)) std::printf(" · wasted %s", HumanDuration(tally.wasted).c_str());
  std::printf("\n");
  const std::optional<FailedPod>& blamed = tally.cause ? tally.cause : tally.failed_pod;
  std::error_code ignored;
  if (failed && blamed) {
    const std::string path = machine_.LogPath({key.namespace_, blamed->pod}, blamed->container, blamed->attempt);
    if (std::filesystem::exists(path, ignored)) {
      std::printf("  logs     %s\n", path.c_str());
      return PrintTail(path);
    }
    std::printf("  logs     none of %s/%s: it printed nothing\n", blamed->pod.c_str(), blamed->container.str().c_str());
  } else if (std::filesystem::exists(machine_.LogDirectory(), ignored)) {
    std::printf("  logs     %s\n", machine_.LogDirectory().c_str());
  }
}

// The last lines of what failed, without the log format's columns.
void RunReport::PrintTail(const std::string& path) {
  std::ifstream file(path);
  std::deque<std::string> tail;
  for (std::string line; std::getline(file, line);) {
    tail.push_back(std::move(line));
    if (tail.size() > kTailLines) tail.pop_front();
  }
  for (const std::string& line : tail) {
    std::string_view text = line;
    for (int column = 0; column < 3; ++column) text.remove_prefix(std::min(text.size(), text.find(' ') + 1));
    std::printf("           %s\n", style_.Dim(text).c_str());
  }
}

}  // namespace reprieve::cli
