#include "sim/case_history.h"

#include <utility>

#include "base/text.h"

namespace reprieve::sim {
namespace {

// A case that goes on without end must not fill the memory.
constexpr std::size_t kMostLines = 20'000;

std::string LabelOf(const meta::ObjectMeta& metadata, std::string_view key) {
  const SharedString* label = metadata.labels.Find(key);
  return label != nullptr ? label->str() : std::string();
}

// The condition that ended it, in words; empty: it goes on.
template <class Status>
std::string EndOf(const Status& status, std::initializer_list<std::string_view> ends) {
  for (const std::string_view type : ends) {
    const auto* condition = status.FindCondition(type);
    if (condition == nullptr || condition->status != "True") continue;
    return Cat(type == "Failed" ? "failed" : "completed", ": ", condition->reason);
  }
  return {};
}

}  // namespace

std::string SinceBeginning(Time at, Time began) {
  return HumanDuration(at - began);
}

void CaseHistory::Line(std::string text) {
  if (lines_.size() >= kMostLines) {
    ++lines_left_out_;
    return;
  }
  lines_.push_back({clock_.Now(), std::move(text)});
}

void CaseHistory::JobChanged(const batch::Job& job) {
  JobHistory& history = jobs_[job.metadata.name.str()];
  if (history.deleted) history = {};
  if (history.jobset.empty()) {
    history.jobset = LabelOf(job.metadata, jobset::kJobSetName);
    history.group = LabelOf(job.metadata, jobset::kReplicatedJobName);
  }
  history.status = job.status;
  if (history.finished || !job.status.IsFinished()) return;
  history.finished = clock_.Now();
  Line(Cat("Job ", job.metadata.name, " ", EndOf(job.status, {"Failed", "Complete"})));
}

void CaseHistory::JobDeleted(const batch::Job& job) {
  JobHistory& history = jobs_[job.metadata.name.str()];
  history.deleted = clock_.Now();
  Line(Cat("Job ", job.metadata.name, " is gone"));
}

void CaseHistory::JobSetChanged(const jobset::JobSet& jobset) {
  JobSetHistory& history = jobsets_[jobset.metadata.name.str()];
  if (history.deleted) history = {};
  history.status = jobset.status;
  if (history.finished || !jobset.status.IsFinished()) return;
  history.finished = clock_.Now();
  Line(Cat("JobSet ", jobset.metadata.name, " ", EndOf(jobset.status, {"Failed", "Completed"})));
}

void CaseHistory::JobSetDeleted(const jobset::JobSet& jobset) {
  jobsets_[jobset.metadata.name.str()].deleted = clock_.Now();
  Line(Cat("JobSet ", jobset.metadata.name, " is gone"));
}

void CaseHistory::PodChanged(const core::Pod& pod) {
  const auto [at, fresh] = live_pods_.try_emplace(&pod, pods_.size());
  if (fresh) {
    PodHistory& born = pods_.emplace_back();
    born.name = pod.metadata.name.str();
    born.created = clock_.Now();
    const meta::OwnerReference* owner = pod.metadata.Controller();
    if (owner != nullptr) born.job = owner->name;
    born.jobset = LabelOf(pod.metadata, jobset::kJobSetName);
  }
  PodHistory& history = pods_[at->second];
  if (!history.started && pod.status.phase == core::PodPhase::kRunning) {
    history.started = clock_.Now();
    history.node = pod.node_name.str();
    Line(Cat(history.name, " runs on ", history.node));
  }
  if (history.ended || !pod.IsTerminal()) return;
  history.ended = clock_.Now();
  history.failed = pod.status.phase == core::PodPhase::kFailed;
  if (!history.failed) Line(Cat(history.name, " succeeded"));
}

void CaseHistory::PodDeleted(const core::Pod& pod) {
  const auto at = live_pods_.find(&pod);
  if (at == live_pods_.end()) return;
  PodHistory& history = pods_[at->second];
  if (!history.ended) {
    history.ended = clock_.Now();
    history.failed = true;
  }
  live_pods_.erase(at);
}

void CaseHistory::Judged(const world::Verdict& verdict) {
  verdicts_.push_back(verdict);
  Line(world::Describe(verdict));
}

void CaseHistory::IncidentApplied(const world::Incident& incident, const world::IncidentOutcome& outcome) {
  std::string text = Cat(incident.text, ": ", world::Describe(incident, outcome));
  if (!outcome.happened()) without_effect_.push_back({clock_.Now(), text});
  Line(Cat("> ", text));
}

}  // namespace reprieve::sim
