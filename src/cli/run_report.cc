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
constexpr int kBarCells = 10;

std::string Bar(double part) {
  std::string out;
  for (int i = 0; i < kBarCells; ++i) out += i < part * kBarCells ? "█" : "░";
  return out;
}

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
    order_.push_back(job.metadata.uid);
    life.key = meta::KeyOf(job.metadata);
    life.began = clock_.Now();
    life.completions = job.spec->completions;
  }
  life.status = job.status;
  if (!job.status.IsFinished() || life.finished) return;
  life.finished = true;
  life.ended = clock_.Now();
  ends_.push_back(job.metadata.uid);
}

// After the verdicts that explain it, which come once its plan is applied.
void RunReport::TellEnds() {
  for (const std::string& uid : std::exchange(ends_, {})) {
    const JobLife& life = jobs_.at(uid);
    const bool complete = life.status.IsTrue("Complete");
    const batch::JobCondition* end = life.status.FindCondition(complete ? "Complete" : "Failed");
    if (options_.format == OutputFormat::kJson) {
      Value event = JsonEvent(complete ? "jobComplete" : "jobFailed", life.key);
      event.Set("reason", Value::String(end->reason));
      event.Set("message", Value::String(end->message));
      event.Set("status", model::ToValue(life.status));
      Json(std::move(event));
    } else {
      Line(Cat("Job ", life.key.name, complete ? " completed: " : " failed: ", end->reason, " (", end->message, ")"));
    }
  }
}

void RunReport::JobDeleted(const batch::Job& job) {
  const auto at = jobs_.find(job.metadata.uid);
  if (at == jobs_.end()) return;
  at->second.finished = true;
  if (options_.format == OutputFormat::kJson) return Json(JsonEvent("jobDeleted", at->second.key));
  Line(Cat("Job ", at->second.key.name, " is deleted: its time to live after finishing is over"));
}

RunReport::JobLife* RunReport::LifeOf(const core::Pod& pod) {
  const meta::OwnerReference* owner = pod.metadata.Controller();
  const auto at = owner != nullptr ? jobs_.find(owner->uid) : jobs_.end();
  return at == jobs_.end() ? nullptr : &at->second;
}

void RunReport::PodChanged(const core::Pod& pod) {
  JobLife* job = LifeOf(pod);
  if (job == nullptr || ended_) return;
  const auto [at, fresh] = pods_.try_emplace(pod.metadata.uid);
  PodLife& life = at->second;
  if (fresh) ++job->pods;
  for (const core::ContainerStatus& status : pod.status.container_statuses) {
    std::int32_t& seen = life.restarts[status.name];
    if (status.restart_count <= seen) continue;
    job->restarts += status.restart_count - seen;
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
    if (life.running_since) job->wasted += clock_.Now() - *life.running_since;
    if (const core::ContainerStatus* container = FailedContainer(pod)) {
      job->failed_pod = {pod.metadata.name, container->name};
      job->failed_attempt = container->restart_count;
    }
  }
  if (options_.format == OutputFormat::kJson) {
    Value event = JsonEvent("pod", job->key);
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
      if (job->status.IsTrue("FailureTarget") || job->status.IsTrue("SuccessCriteriaMet")) {
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
  for (auto& [uid, job] : jobs_) {
    if (job.key != meta::ObjectKey{verdict.namespace_, verdict.job}) continue;
    if (!verdict.pod.empty()) ++(verdict.failed_after > verdict.failed_before ? job.counted : job.ignored);
    job.last = verdict;
  }
  if (options_.format == OutputFormat::kJson) {
    Value event = world::ToValue(verdict);
    event.Set("type", Value::String("verdict"));
    return Json(std::move(event));
  }
  Line(world::Describe(verdict));
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

Value RunReport::JsonEvent(std::string_view type, const meta::ObjectKey& job) const {
  Value event = Value::MakeObject();
  event.Set("type", Value::String(std::string(type)));
  event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
  event.Set("namespace", Value::String(job.namespace_));
  event.Set("job", Value::String(job.name));
  return event;
}

void RunReport::EraseBlock() {
  if (block_lines_ == 0) return;
  std::printf("\x1b[%zuA\x1b[J", block_lines_);
  block_lines_ = 0;
}

void RunReport::Repaint() {
  TellEnds();
  if (!options_.repaint || ended_) return;
  const Time now = clock_.Now();
  if (painted_ && block_lines_ > 0 && now - *painted_ < kRepaintAtMostEvery) return;
  painted_ = now;
  EraseBlock();
  const std::size_t width = TerminalWidth();
  for (const std::string& uid : order_) {
    std::printf("%s\n", Cut(BlockLine(jobs_.at(uid)), width - 1).c_str());
    ++block_lines_;
  }
  std::fflush(stdout);
}

std::string RunReport::BlockLine(const JobLife& job) const {
  const batch::JobStatus& status = job.status;
  const std::int32_t wanted = job.completions.value_or(1);
  std::string out =
      Cat("Job ", job.key.name, "  ", Bar(wanted > 0 ? double(status.succeeded) / wanted : 1), "  ", status.succeeded,
          "/", wanted, " succeeded · ", status.active, " active · ", status.failed, " failed");
  if (job.counted + job.ignored > 0) AppendTo(out, " · ", job.counted + job.ignored, " judged");
  AppendTo(out, " · ", HumanDuration(std::chrono::floor<Seconds>(job.ended.value_or(clock_.Now()) - job.began)));
  if (job.finished) {
    AppendTo(out, " · ", status.IsTrue("Failed") ? "failed" : "completed");
  } else if (job.last && !job.last->consequence.empty() && status.active == 0) {
    AppendTo(out, " · ", job.last->consequence);
  }
  return out;
}

bool RunReport::AnyFailed() const {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [](const auto& entry) { return entry.second.status.IsTrue("Failed"); });
}

void RunReport::Summarize(bool interrupted) {
  TellEnds();
  EraseBlock();
  ended_ = true;
  for (const std::string& uid : order_) SummarizeOne(jobs_.at(uid), interrupted);
  std::fflush(stdout);
}

void RunReport::SummarizeOne(const JobLife& job, bool interrupted) {
  const Nanoseconds took = job.ended.value_or(clock_.Now()) - job.began;
  const bool failed = job.status.IsTrue("Failed");
  const bool complete = job.status.IsTrue("Complete");
  const std::string verdict = complete      ? "completed"
                              : failed      ? "failed"
                              : interrupted ? "was interrupted"
                                            : "did not end";
  const std::string logs = machine_.LogPath({job.key.namespace_, "*"}, "*", 0);
  const std::string folder = logs.substr(0, logs.find("/logs/") + 5);
  if (options_.format == OutputFormat::kJson) {
    Value event = JsonEvent("summary", job.key);
    event.Set("result", Value::String(complete ? "Complete" : failed ? "Failed" : "Interrupted"));
    event.Set("seconds", Value::Number(Cat(std::chrono::duration_cast<Seconds>(took).count())));
    event.Set("pods", Value::Int(job.pods));
    event.Set("restarts", Value::Int(job.restarts));
    event.Set("succeeded", Value::Int(job.status.succeeded));
    event.Set("failed", Value::Int(job.status.failed));
    event.Set("counted", Value::Int(job.counted));
    event.Set("ignored", Value::Int(job.ignored));
    event.Set("wastedSeconds", Value::Int(std::chrono::duration_cast<Seconds>(job.wasted).count()));
    event.Set("logs", Value::String(folder));
    return Json(std::move(event));
  }
  const auto paint = [&](std::string_view text) { return complete ? style_.Green(text) : style_.Red(text); };
  std::string head = Cat(job.key.name, " ", verdict, " after ", HumanDuration(took));
  if (failed && job.last && job.last->rule) {
    AppendTo(head, ": rule ", job.last->rule->index + 1, " ", job.last->rule->action, " stopped it");
    if (!job.last->rule->file.empty()) AppendTo(head, " (", job.last->rule->file, ":", job.last->rule->line, ")");
  } else if (failed) {
    AppendTo(head, ": ", job.status.FindCondition("Failed")->reason);
  }
  std::printf("\n%s\n", paint(head).c_str());
  std::printf("  attempts %lld · pods %lld · succeeded %d · failed %d · retried %lld · ignored %lld",
              static_cast<long long>(job.pods + job.restarts), static_cast<long long>(job.pods), job.status.succeeded,
              job.status.failed, static_cast<long long>(std::max<std::int64_t>(0, job.counted - (failed ? 1 : 0))),
              static_cast<long long>(job.ignored));
  if (job.wasted > Nanoseconds(0)) std::printf(" · wasted %s", HumanDuration(job.wasted).c_str());
  std::printf("\n");
  if (failed && job.failed_pod) {
    std::printf(
        "  logs     %s\n",
        machine_.LogPath({job.key.namespace_, job.failed_pod->first}, job.failed_pod->second, job.failed_attempt)
            .c_str());
    PrintTail(job);
  } else {
    std::printf("  logs     %s\n", folder.c_str());
  }
}

// The last lines of what failed last, without the log format's columns.
void RunReport::PrintTail(const JobLife& job) {
  std::ifstream file(
      machine_.LogPath({job.key.namespace_, job.failed_pod->first}, job.failed_pod->second, job.failed_attempt));
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
