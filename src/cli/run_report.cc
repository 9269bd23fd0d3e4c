#include "cli/run_report.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/block_lines.h"
#include "cli/run_summary.h"
#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

using document::Value;

}  // namespace

RunReport::RunReport(const RunReportOptions& options, const world::Clock& clock, const node::Machine& machine)
    : logs_(options.logs), machine_(machine), out_(options.format, options.color, clock) {}

void RunReport::JobChanged(const batch::Job& job) {
  const auto [at, fresh] = lives_.jobs.try_emplace(job.metadata.uid);
  JobLife& life = at->second;
  if (fresh) {
    life.key = meta::KeyOf(job.metadata);
    life.began = out_.Now();
    const meta::OwnerReference* owner = job.metadata.Controller();
    if (owner != nullptr && lives_.jobsets.contains(owner->uid)) life.jobset = owner->uid;
    if (life.jobset.empty()) lives_.order.push_back(job.metadata.uid);
    job_uids_[life.key] = job.metadata.uid;
  }
  life.completions = job.spec->completions;
  life.per_index = job.spec->backoff_limit_per_index.has_value();
  life.status = job.status;
  life.deleted = job.metadata.deleting();
  if (!job.status.IsFinished() || life.finished) return;
  life.finished = true;
  life.ended = out_.Now();
  ends_.push_back(job.metadata.uid);
}

void RunReport::JobSetChanged(const jobset::JobSet& jobset) {
  const auto [at, fresh] = lives_.jobsets.try_emplace(jobset.metadata.uid);
  JobSetLife& life = at->second;
  if (fresh) {
    life.key = meta::KeyOf(jobset.metadata);
    life.began = out_.Now();
    lives_.order.push_back(jobset.metadata.uid);
    jobset_uids_[life.key] = jobset.metadata.uid;
  }
  life.spec = jobset.spec;
  life.status = jobset.status;
  if (!jobset.status.IsFinished() || life.finished) return;
  life.finished = true;
  life.ended = out_.Now();
  ends_.push_back(jobset.metadata.uid);
}

// After the verdicts that explain it, which come once its plan is applied.
void RunReport::TellEnds() {
  for (const meta::Uid& uid : std::exchange(ends_, {})) {
    if (const JobLife* job = lives_.FindJob(uid)) TellEnd(*job);
    if (const JobSetLife* jobset = lives_.FindJobSet(uid)) TellEnd(*jobset);
  }
}

void RunReport::TellEnd(const JobLife& life) {
  const bool complete = life.status.IsTrue("Complete");
  const batch::JobCondition* end = life.status.FindCondition(complete ? "Complete" : "Failed");
  if (out_.json()) {
    const std::string_view types[] = {"jobFailed", "jobComplete", "podFailed", "podComplete"};
    Value event = out_.Event(types[(life.is_pod ? 2 : 0) + (complete ? 1 : 0)], life.is_pod ? "pod" : "job", life.key);
    event.Set("reason", Value::String(end->reason));
    event.Set("message", Value::String(end->message));
    event.Set("status", model::ToValue(life.status));
    out_.Json(event);
  } else if (complete || life.jobset.empty()) {
    // The failure of a JobSet's Job is part of the JobSet's chain of verdicts.
    out_.Line(Cat(KindOf(life), " ", NameOf(life.key), complete ? " completed: " : " failed: ", end->reason, " (",
                  end->message, ")"));
    TellUsedUp(life);
  }
}

// No failure of a pod explains the end: restarts of its containers do.
void RunReport::TellUsedUp(const JobLife& life) {
  const std::optional<FailedPod>& last = life.tally.failed_pod;
  const bool by_restarts =
      life.ended_by && life.ended_by->action == "BackoffLimitExceeded" && life.ended_by->pod.empty();
  if (!by_restarts || life.tally.restarts == 0 || !last) return;
  out_.Line(Cat("Restarts of container ", last->container, " of ", last->pod, " used up the limit; its logs are ",
                machine_.LogPath({life.key.namespace_, last->pod}, last->container, last->attempt)));
}

void RunReport::TellEnd(const JobSetLife& life) {
  const bool complete = life.status.IsTrue("Completed");
  const jobset::Condition* end = life.status.FindCondition(complete ? "Completed" : "Failed");
  if (out_.json()) {
    Value event = out_.Event(complete ? "jobSetCompleted" : "jobSetFailed", "jobset", life.key);
    event.Set("reason", Value::String(end->reason));
    event.Set("message", Value::String(end->message));
    event.Set("status", model::ToValue(life.status));
    out_.Json(event);
  } else {
    out_.Line(Cat("JobSet ", NameOf(life.key), complete ? " completed: " : " failed: ", end->reason, " (", end->message,
                  ")"));
  }
}

void RunReport::JobDeleted(const batch::Job& job) {
  JobLife* life = lives_.FindJob(job.metadata.uid);
  if (life == nullptr) return;
  life->deleted = true;
  if (const auto named = job_uids_.find(life->key); named != job_uids_.end() && named->second == job.metadata.uid) {
    job_uids_.erase(named);
  }
  if (out_.json()) out_.Json(out_.Event("jobDeleted", "job", life->key));
  // A JobSet's Job is made again, or its JobSet is over and says so.
  if (!life->jobset.empty()) return ForgetIfGone(job.metadata.uid);
  life->finished = true;
  if (!out_.json()) out_.Line(Cat("Job ", NameOf(life->key), " is deleted: TTL expired"));
}

// Of a JobSet's Job; the JobSet's tally has what its pods came to.
void RunReport::ForgetIfGone(const meta::Uid& job) {
  const JobLife* life = lives_.FindJob(job);
  if (life == nullptr || life->jobset.empty() || life->live_pods > 0) return;
  // A later one may have its name.
  const auto named = job_uids_.find(life->key);
  if (named == job_uids_.end() || named->second != job) lives_.jobs.erase(job);
}

void RunReport::JobSetDeleted(const jobset::JobSet& jobset) {
  JobSetLife* life = lives_.FindJobSet(jobset.metadata.uid);
  if (life == nullptr) return;
  life->finished = true;
  if (out_.json()) return out_.Json(out_.Event("jobSetDeleted", "jobset", life->key));
  out_.Line(Cat("JobSet ", NameOf(life->key), " is deleted: TTL expired"));
}

void RunReport::EventRecorded(const world::Event& event) {
  // FailedCreate, JobCreationFailed and their like.
  if (!event.warning || event.reason.view().find("Creat") == std::string_view::npos) return;
  const auto uid = jobset_uids_.find(event.about.key);
  const JobSetLife* jobset = uid == jobset_uids_.end() ? nullptr : lives_.FindJobSet(uid->second);
  if (event.about.kind == world::Kind::kJob) {
    const auto job = job_uids_.find(event.about.key);
    const JobLife* life = job == job_uids_.end() ? nullptr : lives_.FindJob(job->second);
    jobset = life == nullptr ? nullptr : lives_.FindJobSet(life->jobset);
  }
  std::vector<std::string> ended;
  // Where pods wait for a place, a line says so already.
  const bool news = warnings_.Add(event, jobset != nullptr && !jobset->tally.waiting.empty(), ended);
  if (!out_.json()) {
    for (const std::string& text : ended) out_.Line(text);
  }
  if (!news) return;
  if (!out_.json()) return out_.Line(Cat(NameOf(event.about.key), " ", event.reason, ": ", event.message));
  Value line = out_.Event("warning", event.about.kind == world::Kind::kJobSet ? "jobset" : "job", event.about.key);
  line.Set("reason", Value::String(event.reason.str()));
  line.Set("message", Value::String(event.message));
  out_.Json(line);
}

void RunReport::Output(const node::PodOutput& line) {
  if (!logs_) return;
  if (!out_.json()) return out_.PodLine(line);
  Value event = out_.Event("log");
  event.Set("namespace", Value::String(line.pod.namespace_.str()));
  event.Set("pod", Value::String(line.pod.name.str()));
  event.Set("container", Value::String(std::string(line.container)));
  event.Set("stream", Value::String(line.stream == runtime::Stream::kStdout ? "stdout" : "stderr"));
  event.Set("text", Value::String(line.text));
  out_.Json(event);
}

void RunReport::ImageChanged(const kubelet::ImageEvent& event) {
  pulls_.Note(event, out_.Now());
  if (ended_) return;
  if (out_.json()) {
    Value object = out_.Event("image");
    SetImageMembers(event, object);
    return out_.Json(object);
  }
  switch (event.kind) {
    case kubelet::ImageEvent::Kind::kPulling:
      // The block shows it as long as it takes.
      if (!out_.has_block()) out_.Line(Cat("Image ", event.image, " is being pulled"));
      return;
    case kubelet::ImageEvent::Kind::kPulled:
    case kubelet::ImageEvent::Kind::kGivenUp:
      return out_.Line(ImageLine(event));
    case kubelet::ImageEvent::Kind::kComes:
    case kubelet::ImageEvent::Kind::kFailed:
      // The pods that wait for it say why.
      return;
  }
}

void RunReport::PodEventRecorded(const node::PodEvent& event) {
  Value object = out_.Event("podEvent");
  object.Set("namespace", Value::String(event.pod.namespace_.str()));
  object.Set("pod", Value::String(event.pod.name.str()));
  object.Set("container", Value::String(std::string(event.container)));
  object.Set("warning", Value::Bool(event.warning));
  object.Set("reason", Value::String(std::string(event.reason)));
  object.Set("message", Value::String(event.message));
  out_.Json(object);
}

void RunReport::IncidentApplied(const world::Incident& incident, const world::IncidentOutcome& outcome) {
  if (!outcome.happened()) no_effect_.push_back(incident.text);
  if (out_.json()) return out_.Json(IncidentEvent(out_, incident, outcome));
  out_.Line(Cat("Injected: ", incident.text, ": ", world::Describe(incident, outcome)));
  out_.Flush();
}

void RunReport::Say(const std::string& text) {
  if (out_.json()) {
    Value event = out_.Event("notice");
    event.Set("message", Value::String(text));
    return out_.Json(event);
  }
  for (const std::string_view line : Split(text, '\n')) out_.Plain(Escaped(line));
  out_.Flush();
}

void RunReport::Repaint() {
  ReleaseOldHeld();
  TellWaiting();
  TellEnds();
  if (!ended_ && out_.BlockIsDue()) {
    const TerminalSize size = out_.terminal();
    const std::size_t most = LiveBlock::MaxLines(size);
    // What is pulled is what is waited for: it stands below the objects, in at most half of the block.
    std::vector<std::string> pulls = pulls_.Lines(out_.Now(), size.columns, most / 2);
    std::vector<std::string> lines = BlockLines(lives_, out_.Now(), size.columns, most - pulls.size());
    for (std::string& pull : pulls) lines.push_back(std::move(pull));
    out_.PaintBlock(lines);
  }
  // Who reads through a pipe sees what the pods print as they print it.
  out_.Flush();
}

void RunReport::Summarize(bool interrupted, const std::vector<world::Incident>& not_due) {
  ReleaseHeld({}, {});
  TellEnds();
  if (!out_.json()) {
    for (const std::string& text : warnings_.Rest()) out_.Line(text);
  }
  out_.EraseBlock();
  ended_ = true;
  PrintSummary(out_, lives_, machine_, interrupted);
  for (const world::Incident& incident : not_due) {
    no_effect_.push_back(incident.text);
    if (out_.json()) out_.Json(IncidentEvent(out_, incident, {.kind = world::OutcomeKind::kNotDue}));
  }
  if (!out_.json() && !no_effect_.empty()) {
    for (std::string& text : no_effect_) text = Cat("\"", text, "\"");
    out_.Plain("");
    out_.Plain(Cat(no_effect_.size(), no_effect_.size() == 1 ? " event" : " events",
                   " did not happen: ", Escaped(Join(no_effect_, ", "))));
  }
  out_.Flush();
}

bool RunReport::AnyFailed() const {
  return std::any_of(lives_.order.begin(), lives_.order.end(), [this](const meta::Uid& uid) {
    const JobLife* job = lives_.FindJob(uid);
    return job != nullptr ? job->status.IsTrue("Failed") : lives_.jobsets.at(uid).status.IsTrue("Failed");
  });
}

}  // namespace reprieve::cli
