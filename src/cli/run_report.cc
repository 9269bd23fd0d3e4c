#include "cli/run_report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr Nanoseconds kRepaintAtMostEvery = std::chrono::milliseconds(100);

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
  if (failed == nullptr) return pod.status.reason.str();
  const core::ContainerStateTerminated& end = *failed->state.terminated;
  if (end.reason == "StartError" && !end.message.empty()) return Cat("exited ", end.exit_code, ": ", end.message);
  const bool says_more = !end.reason.empty() && end.reason != "Error";
  return Cat("exited ", end.exit_code, says_more ? Cat(" (", end.reason, ")") : std::string(), " in container ",
             failed->name);
}

// The Job's end is decided: its pods are ended with it.
bool EndsWithJob(const JobLife& job) {
  return job.status.IsTrue("FailureTarget") || job.status.IsTrue("SuccessCriteriaMet");
}

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

TerminalSize SizeOfTerminal() {
  winsize size{};
  TerminalSize out;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_col > 0) out.columns = size.ws_col;
  if (size.ws_row > 0) out.rows = size.ws_row;
  return out;
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
  for (const meta::Uid& uid : std::exchange(ends_, {})) {
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
    Line(Cat("Job ", NameOf(life.key), complete ? " completed: " : " failed: ", end->reason, " (", end->message, ")"));
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
    Line(Cat("JobSet ", NameOf(life.key), complete ? " completed: " : " failed: ", end->reason, " (", end->message,
             ")"));
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
    Line(Cat("Job ", NameOf(life.key), " is deleted: its time to live after finishing is over"));
  }
}

void RunReport::JobSetDeleted(const jobset::JobSet& jobset) {
  const auto at = jobsets_.find(jobset.metadata.uid);
  if (at == jobsets_.end()) return;
  at->second.finished = true;
  if (options_.format == OutputFormat::kJson) return Json(JsonEvent("jobSetDeleted", "jobset", at->second.key));
  Line(Cat("JobSet ", NameOf(at->second.key), " is deleted: its time to live after finishing is over"));
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
  if (fresh) {
    ++tally.pods;
    life.owner = job->jobset.empty() ? pod.metadata.Controller()->uid : job->jobset;
  }
  for (const core::ContainerStatus& status : pod.status.container_statuses) {
    std::int32_t& seen = life.restarts[status.name];
    if (status.restart_count <= seen) continue;
    tally.restarts += status.restart_count - seen;
    seen = status.restart_count;
    const auto* last = status.LastTermination();
    const std::int32_t code = last != nullptr ? last->exit_code : 0;
    if (options_.format == OutputFormat::kJson) {
      Value event = JsonEvent("restart", "job", job->key);
      event.Set("pod", Value::String(pod.metadata.name.str()));
      event.Set("container", Value::String(status.name.str()));
      event.Set("exitCode", Value::Int(code));
      event.Set("restarts", Value::Int(seen));
      Json(std::move(event));
    } else {
      Line(Cat(NameOf(meta::KeyOf(pod.metadata)), " container ", status.name, " exited ", code,
               ", restarted in place (", seen, ")"));
    }
  }
  const core::PodCondition* scheduled = pod.status.FindCondition("PodScheduled");
  const bool waits = scheduled != nullptr && scheduled->status == "False" && pod.node_name.empty() && !pod.IsTerminal();
  NoteWaiting(life, waits ? scheduled->message.str() : std::string());
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
      tally.failed_pod = FailedPod{pod.metadata.name.str(), container->name, container->restart_count};
    }
    NoteFailure(pod);
  }
  if (options_.format == OutputFormat::kJson) {
    Value event = JsonEvent("pod", "job", job->key);
    event.Set("pod", Value::String(pod.metadata.name.str()));
    event.Set("phase", Value::String(std::string(core::NameOf(life.phase))));
    event.Set("node", Value::String(pod.node_name.str()));
    if (failed) event.Set("end", Value::String(EndOf(pod)));
    return Json(std::move(event));
  }
  switch (life.phase) {
    case core::PodPhase::kRunning:
      return Line(Cat(NameOf(meta::KeyOf(pod.metadata)), " runs on ", pod.node_name));
    case core::PodPhase::kSucceeded:
      return Line(Cat(NameOf(meta::KeyOf(pod.metadata)), " succeeded"));
    case core::PodPhase::kFailed:
      // Why a failure means what it means, its verdict says; what ended with its Job has none.
      if (EndsWithJob(*job)) {
        Line(Cat(NameOf(meta::KeyOf(pod.metadata)), " ended with its Job: ", EndOf(pod)));
      }
      return;
    case core::PodPhase::kPending:
    case core::PodPhase::kUnknown:
      return;
  }
}

void RunReport::PodDeleted(const core::Pod& pod) {
  const auto life = pods_.find(pod.metadata.uid);
  if (life != pods_.end()) NoteWaiting(life->second, {});
  pods_.erase(pod.metadata.uid);
}

// One line per reason, once everything that happened at once is known.
void RunReport::NoteWaiting(PodLife& pod, std::string why) {
  if (pod.waits == why) return;
  const auto job = jobs_.find(pod.owner);
  const auto jobset = jobsets_.find(pod.owner);
  if (job == jobs_.end() && jobset == jobsets_.end()) return;
  auto& waiting = (job != jobs_.end() ? job->second.tally : jobset->second.tally).waiting;
  if (!pod.waits.empty() && --waiting[pod.waits] == 0) waiting.erase(pod.waits);
  if (!why.empty() && ++waiting[why] == 1) waits_changed_.push_back(pod.owner);
  pod.waits = std::move(why);
}

void RunReport::TellWaiting() {
  for (const meta::Uid& uid : std::exchange(waits_changed_, {})) {
    const auto job = jobs_.find(uid);
    const auto jobset = jobsets_.find(uid);
    if (job == jobs_.end() && jobset == jobsets_.end()) continue;
    Tally& tally = job != jobs_.end() ? job->second.tally : jobset->second.tally;
    const meta::ObjectKey& key = job != jobs_.end() ? job->second.key : jobset->second.key;
    for (const auto& [why, pods] : tally.waiting) {
      if (!tally.told_waiting.insert(why).second) continue;
      if (options_.format == OutputFormat::kJson) {
        Value event = JsonEvent("waiting", job != jobs_.end() ? "job" : "jobset", key);
        event.Set("pods", Value::Int(pods));
        event.Set("message", Value::String(why));
        Json(std::move(event));
      } else {
        Line(Cat(job != jobs_.end() ? "Job " : "JobSet ", NameOf(key), ": ", pods,
                 pods == 1 ? " pod waits" : " pods wait", " for a place: ", why));
      }
    }
  }
}

// Verdicts speak of pods that may be gone by then.
void RunReport::NoteFailure(const core::Pod& pod) {
  constexpr std::size_t kKept = 1000;
  for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const core::ContainerStatus& status : *statuses) {
      if (!status.state.terminated || status.state.terminated->exit_code == 0) continue;
      failures_.push_back({meta::KeyOf(pod.metadata), {pod.metadata.name.str(), status.name, status.restart_count}});
    }
  }
  while (failures_.size() > kKept) failures_.pop_front();
}

// The container that the chain of verdicts begins with.
void RunReport::NoteCause(const world::Verdict& verdict, Tally& tally) const {
  const world::Verdict* first = &verdict;
  while (first->cause != nullptr) first = first->cause.get();
  tally.cause.reset();
  if (first->pod.empty()) return;
  for (const auto& [key, failed] : failures_) {
    if (key != meta::ObjectKey{first->namespace_.str(), first->pod.str()}) continue;
    const bool named = first->facts.view().find(Cat("container ", failed.container)) != std::string_view::npos;
    if (named || !tally.cause) tally.cause = failed;
  }
}

void RunReport::Judged(const world::Verdict& verdict) {
  bool hold = false;
  std::string rule_name;
  if (!verdict.jobset.empty()) {
    if (const auto uid = jobset_uids_.find({verdict.namespace_.str(), verdict.jobset.str()});
        uid != jobset_uids_.end()) {
      JobSetLife& jobset = jobsets_.at(uid->second);
      jobset.last = verdict;
      if (!verdict.ends && verdict.action.view().ends_with("AndIgnoreMaxRestarts")) ++jobset.uncounted;
      if (verdict.ends) NoteCause(verdict, jobset.tally);
      if (const auto due = RetryDue(verdict)) jobset.tally.retries.insert(*due);
      ReleaseHeld(uid->second, verdict.job);
      const auto& policy = jobset.spec->failure_policy;
      if (verdict.rule && policy && static_cast<std::size_t>(verdict.rule->index) < policy->rules.size()) {
        rule_name = policy->rules[static_cast<std::size_t>(verdict.rule->index)].name;
      }
    }
  } else if (const auto uid = job_uids_.find({verdict.namespace_.str(), verdict.job.str()}); uid != job_uids_.end()) {
    JobLife& job = jobs_.at(uid->second);
    Tally& tally = TallyOf(job);
    if (!verdict.pod.empty()) ++(verdict.failed_after > verdict.failed_before ? tally.counted : tally.ignored);
    if (verdict.retry) {
      ++tally.retried;
      if (const auto due = RetryDue(verdict)) tally.retries.insert(*due);
    }
    tally.retries.erase(tally.retries.begin(), tally.retries.upper_bound(clock_.Now()));
    if (verdict.ends) {
      job.ended_by = verdict;
      if (job.jobset.empty()) NoteCause(verdict, tally);
    }
    // The JobSet's verdict will tell the chain from its beginning.
    hold = verdict.ends && !job.jobset.empty() && !jobsets_.at(job.jobset).finished;
    if (hold && options_.format == OutputFormat::kText) held_.push_back({clock_.Now(), job.jobset, verdict});
  }
  if (options_.format == OutputFormat::kJson) {
    Value event = world::ToValue(verdict);
    event.Set("type", Value::String("verdict"));
    if (!rule_name.empty()) event.At("rule").Set("name", Value::String(rule_name));
    return Json(std::move(event));
  }
  if (!hold) PrintVerdict(verdict);
}

// Those of a JobSet (empty: of all); that of one Job is part of what is told next.
void RunReport::ReleaseHeld(const meta::Uid& jobset, const meta::Uid& but_job) {
  std::vector<Held> all = std::exchange(held_, {});
  for (Held& held : all) {
    if (!jobset.empty() && held.jobset != jobset) {
      held_.push_back(std::move(held));
    } else if (jobset.empty() || held.verdict.job != but_job) {
      PrintVerdict(held.verdict);
    }
  }
}

// Nobody has judged them: the JobSet has other things to do.
void RunReport::ReleaseOldHeld() {
  constexpr Seconds kAtMost(1);
  while (!held_.empty() && clock_.Now() - held_.front().since > kAtMost) {
    PrintVerdict(held_.front().verdict);
    held_.erase(held_.begin());
  }
}

void RunReport::PrintVerdict(const world::Verdict& verdict) {
  // One link a line for people, one line for grep.
  Line(Join(ChainOf(verdict), options_.repaint ? "\n          → " : " → "));
}

void RunReport::EventRecorded(const world::Event& event) {
  if (!event.warning || event.reason.view().find("Creat") == std::string_view::npos) return;
  std::vector<std::string> ended;
  const bool news = warnings_.Add(event, ended);
  if (options_.format == OutputFormat::kText) {
    for (const std::string& text : ended) Line(text);
  }
  if (!news) return;
  if (options_.format == OutputFormat::kJson) {
    Value line = JsonEvent("warning", event.about.kind == world::Kind::kJobSet ? "jobset" : "job", event.about.key);
    line.Set("reason", Value::String(event.reason.str()));
    line.Set("message", Value::String(event.message));
    return Json(std::move(line));
  }
  Line(Cat(NameOf(event.about.key), " ", event.reason, ": ", event.message));
}

void RunReport::Output(const node::PodOutput& line) {
  if (!options_.logs) return;
  if (options_.format == OutputFormat::kJson) {
    Value event = Value::MakeObject();
    event.Set("type", Value::String("log"));
    event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
    event.Set("namespace", Value::String(line.pod.namespace_.str()));
    event.Set("pod", Value::String(line.pod.name.str()));
    event.Set("container", Value::String(std::string(line.container)));
    event.Set("stream", Value::String(line.stream == runtime::Stream::kStdout ? "stdout" : "stderr"));
    event.Set("text", Value::String(line.text));
    return Json(std::move(event));
  }
  EraseBlock();
  std::printf("%s %s\n",
              style_.Dim(Cat(NameOf({line.pod.namespace_, line.pod.name}), "/", line.container, ":")).c_str(),
              line.text.c_str());
}

void RunReport::IncidentApplied(const world::Incident& incident, const std::string& outcome, bool happened) {
  if (!happened) missed_.push_back(incident.text);
  if (options_.format != OutputFormat::kJson) return Say(Cat("Injected: ", incident.text, ": ", outcome));
  Value event = Value::MakeObject();
  event.Set("type", Value::String("incident"));
  event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
  event.Set("event", Value::String(incident.text));
  event.Set("happened", Value::Bool(happened));
  event.Set("outcome", Value::String(outcome));
  Json(std::move(event));
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
  std::puts(document::WriteJson(object).c_str());
  std::fflush(stdout);
}

Value RunReport::JsonEvent(std::string_view type, std::string_view kind, const meta::ObjectKey& object) const {
  Value event = Value::MakeObject();
  event.Set("type", Value::String(std::string(type)));
  event.Set("time", Value::String(FormatRfc3339(clock_.Now())));
  event.Set("namespace", Value::String(object.namespace_.str()));
  event.Set(kind, Value::String(object.name.str()));
  return event;
}

void RunReport::EraseBlock() {
  if (block_lines_ == 0) return;
  std::printf("\x1b[%zuA\x1b[J", block_lines_);
  block_lines_ = 0;
}

void RunReport::Repaint() {
  ReleaseOldHeld();
  TellWaiting();
  TellEnds();
  // Who reads along through a pipe sees what the pods print as they print it.
  if (!options_.repaint) std::fflush(stdout);
  if (!options_.repaint || ended_) return;
  const Time now = clock_.Now();
  if (painted_ && block_lines_ > 0 && now - *painted_ < kRepaintAtMostEvery) return;
  painted_ = now;
  EraseBlock();
  PaintBlock(now);
  std::fflush(stdout);
}

// What is taller than the terminal could not be erased: the rest is counted. What has ended comes last.
void RunReport::PaintBlock(Time now) {
  const TerminalSize terminal = SizeOfTerminal();
  const std::size_t room = terminal.rows > 3 ? terminal.rows - 2 : 1;
  std::size_t left = order_.size();
  for (const bool finished : {false, true}) {
    for (const meta::Uid& uid : order_) {
      const auto job = jobs_.find(uid);
      const auto jobset = jobsets_.find(uid);
      if ((job != jobs_.end() ? job->second.finished : jobset->second.finished) != finished) continue;
      std::vector<std::string> lines;
      if (job != jobs_.end()) {
        lines.push_back(JobLine(job->second, now, terminal.columns));
      } else {
        lines = JobSetTree(jobset->second, now);
      }
      if (block_lines_ + lines.size() > room) {
        if (block_lines_ > 0) break;
        lines.resize(room);
      }
      --left;
      for (const std::string& line : lines) std::printf("%s\n", Cut(line, terminal.columns - 1).c_str());
      block_lines_ += lines.size();
    }
  }
  if (left == 0) return;
  std::printf("… %zu more\n", left);
  ++block_lines_;
}

bool RunReport::AnyFailed() const {
  return std::any_of(order_.begin(), order_.end(), [this](const meta::Uid& uid) {
    const auto job = jobs_.find(uid);
    return job != jobs_.end() ? job->second.status.IsTrue("Failed") : jobsets_.at(uid).status.IsTrue("Failed");
  });
}

}  // namespace reprieve::cli
