#include "cli/run_report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <fstream>
#include <utility>

#include "base/text.h"
#include "model/json.h"

namespace reprieve::cli {
namespace {

using model::Value;

constexpr Nanoseconds kRepaintAtMostEvery = std::chrono::milliseconds(100);
constexpr std::size_t kTailLines = 5;
const core::ContainerStatus* FailedContainer(const core::Pod& pod) {
  for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const core::ContainerStatus& status : *statuses) {
      if (status.state.terminated && status.state.terminated->exit_code != 0) return &status;
    }
  }
  return nullptr;
}

std::string EndOf(const core::Pod& pod) {
  const core::ContainerStatus* failed = FailedContainer(pod);
  if (failed == nullptr) return pod.status.reason;
  const core::ContainerStateTerminated& end = *failed->state.terminated;
  const bool says_more = !end.reason.empty() && end.reason != "Error";
  return Cat("exited ", end.exit_code, says_more ? Cat(" (", end.reason, ")") : std::string(), " in container ",
             failed->name);
}

// The Job's end is decided: its pods are ended with it.
bool EndsWithJob(const JobLife& job) {
  return job.status.IsTrue("FailureTarget") || job.status.IsTrue("SuccessCriteriaMet");
}

std::size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// At most `width` columns; every character counts as one.
std::string Cut(const std::string& text, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (columns++ == width) return text.substr(0, i);
  }
  return text;
}

}  // namespace

RunReport::RunReport(const RunReportOptions& options, const world::Clock& clock, const node::Machine& machine)
    : options_(options), clock_(clock), machine_(machine), style_(options.color, STDOUT_FILENO) {}

void RunReport::JobChanged(const batch::Job& job) {
  const auto [at, fresh] = jobs_.try_emplace(job.metadata.uid);
  JobLife& life = at->second;
  if (fresh) {
    life.key = meta::KeyOf(job.metadata);
    life.began = clock_.Now();
    const meta::OwnerReference* owner = job.metadata.Controller();
    if (owner != nullptr && jobsets_.contains(owner->uid)) life.jobset = owner->uid;
    if (life.jobset.empty()) order_.push_back(job.metadata.uid);
    job_uids_[life.key] = job.metadata.uid;
  }
  life.completions = job.spec->completions;
  life.status = job.status;
  if (!job.status.IsFinished() || life.finished) return;
  life.finished = true;
  life.ended = clock_.Now();
  ends_.push_back(job.metadata.uid);
}

void RunReport::JobSetChanged(const jobset::JobSet& jobset) {
  const auto [at, fresh] = jobsets_.try_emplace(jobset.metadata.uid);
  JobSetLife& life = at->second;
  if (fresh) {
    life.key = meta::KeyOf(jobset.metadata);
    life.began = clock_.Now();
    order_.push_back(jobset.metadata.uid);
    jobset_uids_[life.key] = jobset.metadata.uid;
  }
  life.spec = jobset.spec;
  life.status = jobset.status;
  if (!jobset.status.IsFinished() || life.finished) return;
  life.finished = true;
  life.ended = clock_.Now();
  ends_.push_back(jobset.metadata.uid);
}

// After the verdicts that explain it, which come once its plan is applied.
void RunReport::TellEnds() {
  for (const std::string& uid : std::exchange(ends_, {})) {
    if (const auto job = jobs_.find(uid); job != jobs_.end()) TellEnd(job->second);
    if (const auto jobset = jobsets_.find(uid); jobset != jobsets_.end()) TellEnd(jobset->second);
  }
}

void RunReport::TellEnd(const JobLife& life) {
  const bool complete = life.status.IsTrue("Complete");
  const batch::JobCondition* end = life.status.FindCondition(complete ? "Complete" : "Failed");
  if (options_.format == OutputFormat::kJson) {
    Value event = JsonEvent(complete ? "jobComplete" : "jobFailed", "job", life.key);
    event.Set("reason", Value::String(end->reason));
    event.Set("message", Value::String(end->message));
    event.Set("status", model::ToValue(life.status));
    Json(std::move(event));
  } else if (complete || life.jobset.empty()) {
    // The failure of a JobSet's Job is part of the JobSet's chain of verdicts.
    Line(Cat("Job ", life.key.name, complete ? " completed: " : " failed: ", end->reason, " (", end->message, ")"));
  }
}

void RunReport::TellEnd(const JobSetLife& life) {
  const bool complete = life.status.IsTrue("Completed");
  const jobset::Condition* end = life.status.FindCondition(complete ? "Completed" : "Failed");
  if (options_.format == OutputFormat::kJson) {
    Value event = JsonEvent(complete ? "jobSetCompleted" : "jobSetFailed", "jobset", life.key);
    event.Set("reason", Value::String(end->reason));
    event.Set("message", Value::String(end->message));
    event.Set("status", model::ToValue(life.status));
    Json(std::move(event));
  } else {
    Line(Cat("JobSet ", life.key.name, complete ? " completed: " : " failed: ", end->reason, " (", end->message, ")"));
  }
}

void RunReport::JobDeleted(const batch::Job& job) {
  const auto at = jobs_.find(job.metadata.uid);
  if (at == jobs_.end()) return;
  JobLife& life = at->second;
  if (job_uids_[life.key] == job.metadata.uid) job_uids_.erase(life.key);
  if (options_.format == OutputFormat::kJson) Json(JsonEvent("jobDeleted", "job", life.key));
  if (!life.jobset.empty()) {
    // Its JobSet makes it anew, or is over and says so; what its pods came to is in the JobSet's tally.
    jobs_.erase(at);
    return;
  }
  life.finished = true;
  if (options_.format == OutputFormat::kText) {
    Line(Cat("Job ", life.key.name, " is deleted: its time to live after finishing is over"));
  }
}

void RunReport::JobSetDeleted(const jobset::JobSet& jobset) {
  const auto at = jobsets_.find(jobset.metadata.uid);
  if (at == jobsets_.end()) return;
  at->second.finished = true;
  if (options_.format == OutputFormat::kJson) return Json(JsonEvent("jobSetDeleted", "jobset", at->second.key));
  Line(Cat("JobSet ", at->second.key.name, " is deleted: its time to live after finishing is over"));
}

Tally& RunReport::TallyOf(JobLife& job) {
  return job.jobset.empty() ? job.tally : jobsets_.at(job.jobset).tally;
}

JobLife* RunReport::LifeOf(const core::Pod& pod) {
  const meta::OwnerReference* owner = pod.metadata.Controller();
  const auto at = owner != nullptr ? jobs_.find(owner->uid) : jobs_.end();
  return at == jobs_.end() ? nullptr : &at->second;
}

void RunReport::PodChanged(const core::Pod& pod) {
  JobLife* job = LifeOf(pod);
  if (job == nullptr || ended_) return;
  const auto [at, fresh] = pods_.try_emplace(pod.metadata.uid);
  PodLife& life = at->second;
  Tally& tally = TallyOf(*job);
  if (fresh) ++tally.pods;
  for (const core::ContainerStatus& status : pod.status.container_statuses) {
    std::int32_t& seen = life.restarts[status.name];
    if (status.restart_count <= seen) continue;
    tally.restarts += status.restart_count - seen;
    seen = status.restart_count;
    if (options_.format == OutputFormat::kText) {
      Line(Cat(pod.metadata.name, " container ", status.name, " exited ",
               status.last_state.terminated ? status.last_state.terminated->exit_code : 0, ", restarted in place (",
               seen, ")"));
    }
  }
  if (life.phase == pod.status.phase) return;
  life.phase = pod.status.phase;
  if (life.phase == core::PodPhase::kRunning) life.running_since = clock_.Now();
  const bool failed = life.phase == core::PodPhase::kFailed;
  if (failed) {
    if (life.running_since) tally.wasted += clock_.Now() - *life.running_since;
    const core::ContainerStatus* container = FailedContainer(pod);
    // What ends with its Job or is deleted explains nothing.
    const bool by_itself = !EndsWithJob(*job) && !pod.metadata.deleting();
    if (container != nullptr && (by_itself || !tally.failed_pod)) {
      tally.failed_pod = {pod.metadata.name, container->name};
      tally.failed_attempt = container->restart_count;
    }
  }
  if (options_.format == OutputFormat::kJson) {
    Value event = JsonEvent("pod", "job", job->key);
    event.Set("pod", Value::String(pod.metadata.name));
    event.Set("phase", Value::String(std::string(core::NameOf(life.phase))));
    event.Set("node", Value::String(pod.node_name));
    if (failed) event.Set("end", Value::String(EndOf(pod)));
    return Json(std::move(event));
  }
  switch (life.phase) {
    case core::PodPhase::kRunning:
      return Line(Cat(pod.metadata.name, " runs on ", pod.node_name));
    case core::PodPhase::kSucceeded:
      return Line(Cat(pod.metadata.name, " succeeded"));
    case core::PodPhase::kFailed:
      // Why a failure means what it means, its verdict says; what ended with its Job has none.
      if (EndsWithJob(*job)) {
        Line(Cat(pod.metadata.name, " ended with its Job: ", EndOf(pod)));
      }
      return;
    case core::PodPhase::kPending:
    case core::PodPhase::kUnknown:
      return;
  }
}

void RunReport::PodDeleted(const core::Pod& pod) {
  pods_.erase(pod.metadata.uid);
}

void RunReport::Judged(const world::Verdict& verdict) {
  if (!verdict.jobset.empty()) {
    if (const auto uid = jobset_uids_.find({verdict.namespace_, verdict.jobset}); uid != jobset_uids_.end()) {
      jobsets_.at(uid->second).last = verdict;
    }
  } else if (const auto uid = job_uids_.find({verdict.namespace_, verdict.job}); uid != job_uids_.end()) {
    JobLife& job = jobs_.at(uid->second);
    Tally& tally = TallyOf(job);
    if (!verdict.pod.empty()) ++(verdict.failed_after > verdict.failed_before ? tally.counted : tally.ignored);
    job.last = verdict;
  }
  if (options_.format == OutputFormat::kJson) {
    Value event = world::ToValue(verdict);
    event.Set("type", Value::String("verdict"));
    return Json(std::move(event));
  }
  Line(world::Describe(verdict));
}

void RunReport::Announced(const world::Event& event) {
  if (!event.warning || event.reason.find("Creat") == std::string::npos) return;
  if (options_.format == OutputFormat::kJson) {
    Value line = JsonEvent("warning", event.about.kind == world::Kind::kJobSet ? "jobset" : "job", event.about.key);
    line.Set("reason", Value::String(event.reason));
    line.Set("message", Value::String(event.message));
    return Json(std::move(line));
  }
  Line(Cat(event.about.key.name, " ", event.reason, ": ", event.message));
}

void RunReport::Output(const node::PodOutput& line) {
  if (!options_.logs) return;
  if (options_.format == OutputFormat::kJson) {
    Value event = Value::MakeObject();
    event.Set("type", Value::String("log"));
    event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
    event.Set("namespace", Value::String(line.pod.namespace_));
    event.Set("pod", Value::String(line.pod.name));
    event.Set("container", Value::String(line.container));
    event.Set("stream", Value::String(line.stream == node::Stream::kStdout ? "stdout" : "stderr"));
    event.Set("text", Value::String(line.text));
    return Json(std::move(event));
  }
  EraseBlock();
  std::printf("%s %s\n", style_.Dim(Cat(line.pod.name, "/", line.container, ":")).c_str(), line.text.c_str());
}

void RunReport::Say(const std::string& text) {
  if (options_.format == OutputFormat::kJson) {
    Value event = Value::MakeObject();
    event.Set("type", Value::String("notice"));
    event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
    event.Set("message", Value::String(text));
    return Json(std::move(event));
  }
  EraseBlock();
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

void RunReport::Line(const std::string& text) {
  EraseBlock();
  std::printf("%s  %s\n", style_.Dim(FormatClock(clock_.Now())).c_str(), text.c_str());
  if (!options_.repaint) std::fflush(stdout);
}

void RunReport::Json(Value object) {
  std::puts(model::WriteJson(object).c_str());
  std::fflush(stdout);
}

Value RunReport::JsonEvent(std::string_view type, std::string_view kind, const meta::ObjectKey& object) const {
  Value event = Value::MakeObject();
  event.Set("type", Value::String(std::string(type)));
  event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
  event.Set("namespace", Value::String(object.namespace_));
  event.Set(kind, Value::String(object.name));
  return event;
}

void RunReport::EraseBlock() {
  if (block_lines_ == 0) return;
  std::printf("\x1b[%zuA\x1b[J", block_lines_);
  block_lines_ = 0;
}

void RunReport::Repaint() {
  TellEnds();
  // Who reads along through a pipe sees what the pods print as they print it.
  if (!options_.repaint) std::fflush(stdout);
  if (!options_.repaint || ended_) return;
  const Time now = clock_.Now();
  if (painted_ && block_lines_ > 0 && now - *painted_ < kRepaintAtMostEvery) return;
  painted_ = now;
  EraseBlock();
  const std::size_t width = TerminalWidth();
  for (const std::string& uid : order_) {
    if (const auto job = jobs_.find(uid); job != jobs_.end()) PrintBlockLine(JobLine(job->second, now), width);
    const auto jobset = jobsets_.find(uid);
    if (jobset == jobsets_.end()) continue;
    for (const std::string& line : JobSetTree(jobset->second, now)) PrintBlockLine(line, width);
  }
  std::fflush(stdout);
}

void RunReport::PrintBlockLine(const std::string& line, std::size_t width) {
  std::printf("%s\n", Cut(line, width - 1).c_str());
  ++block_lines_;
}

bool RunReport::AnyFailed() const {
  return std::any_of(order_.begin(), order_.end(), [this](const std::string& uid) {
    const auto job = jobs_.find(uid);
    return job != jobs_.end() ? job->second.status.IsTrue("Failed") : jobsets_.at(uid).status.IsTrue("Failed");
  });
}

void RunReport::Summarize(bool interrupted) {
  TellEnds();
  EraseBlock();
  ended_ = true;
  for (const std::string& uid : order_) {
    if (const auto job = jobs_.find(uid); job != jobs_.end()) {
      Summarize(job->second, interrupted);
    } else {
      Summarize(jobsets_.at(uid), interrupted);
    }
  }
  std::fflush(stdout);
}

namespace {

// complete, failed: how it ended, if it did.
std::string EndWord(bool complete, bool failed, bool interrupted) {
  return complete ? "completed" : failed ? "failed" : interrupted ? "was interrupted" : "did not end";
}

// The rule that stopped it; empty if none did.
std::string StoppedBy(const std::optional<world::Verdict>& last) {
  if (!last || !last->rule) return {};
  std::string out = Cat(": rule ", last->rule->index + 1, " ", last->rule->action, " stopped it");
  if (!last->rule->file.empty()) AppendTo(out, " (", last->rule->file, ":", last->rule->line, ")");
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
  std::string head = Cat(job.key.name, " ", EndWord(complete, failed, interrupted), " after ", HumanDuration(took));
  if (failed) {
    const std::string rule = StoppedBy(job.last);
    head += rule.empty() ? Cat(": ", job.status.FindCondition("Failed")->reason) : rule;
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
    return Json(std::move(event));
  }
  std::string head =
      Cat("JobSet ", jobset.key.name, " ", EndWord(complete, failed, interrupted), " after ", HumanDuration(took));
  if (failed) {
    const std::string rule = StoppedBy(jobset.last && jobset.last->ends ? jobset.last : std::nullopt);
    head += rule.empty() ? Cat(": ", jobset.status.FindCondition("Failed")->reason) : rule;
  }
  std::printf("\n%s\n", (complete ? style_.Green(head) : style_.Red(head)).c_str());
  if (failed && jobset.last) std::printf("  because  %s\n", world::Describe(*jobset.last).c_str());
  const std::string used = RestartsUsed(jobset);
  PrintTally(jobset.key, jobset.tally, failed, used.empty() ? used : Cat(used, " · "));
}

Value RunReport::SummaryEvent(Value event, const Tally& tally, std::string_view result, Nanoseconds took) const {
  event.Set("result", Value::String(std::string(result)));
  event.Set("seconds", Value::Number(Cat(std::chrono::duration_cast<Seconds>(took).count())));
  event.Set("pods", Value::Int(tally.pods));
  event.Set("restarts", Value::Int(tally.restarts));
  event.Set("counted", Value::Int(tally.counted));
  event.Set("ignored", Value::Int(tally.ignored));
  event.Set("wastedSeconds", Value::Int(std::chrono::duration_cast<Seconds>(tally.wasted).count()));
  event.Set("logs", Value::String(machine_.LogDirectory()));
  return event;
}

void RunReport::PrintTally(const meta::ObjectKey& key, const Tally& tally, bool failed, const std::string& counts) {
  std::printf("  attempts %lld · pods %lld · %sretried %lld · ignored %lld",
              static_cast<long long>(tally.pods + tally.restarts), static_cast<long long>(tally.pods), counts.c_str(),
              static_cast<long long>(std::max<std::int64_t>(0, tally.counted - (failed ? 1 : 0))),
              static_cast<long long>(tally.ignored));
  if (tally.wasted > Nanoseconds(0)) std::printf(" · wasted %s", HumanDuration(tally.wasted).c_str());
  std::printf("\n");
  if (failed && tally.failed_pod) {
    const auto& [pod, container] = *tally.failed_pod;
    std::printf("  logs     %s\n", machine_.LogPath({key.namespace_, pod}, container, tally.failed_attempt).c_str());
    PrintTail(key, tally);
  } else {
    std::printf("  logs     %s\n", machine_.LogDirectory().c_str());
  }
}

// The last lines of what failed last, without the log format's columns.
void RunReport::PrintTail(const meta::ObjectKey& key, const Tally& tally) {
  std::ifstream file(
      machine_.LogPath({key.namespace_, tally.failed_pod->first}, tally.failed_pod->second, tally.failed_attempt));
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
