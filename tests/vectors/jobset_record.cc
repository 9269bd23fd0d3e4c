#include "vectors/jobset_record.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "vectors/scenario.h"

namespace reprieve::vectors {
namespace {

using document::Value;

std::string WithoutPrefix(std::string_view name, std::string_view jobset) {
  return std::string(name.starts_with(Cat(jobset, "-")) ? name.substr(jobset.size() + 1) : name);
}

Value ReplicatedJobs(const jobset::JobSetStatus& status) {
  Value out = Value::MakeObject();
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    out.Set(each.name, model::ToValue(each)).Remove("name");
  }
  return out;
}

// The status without conditions, its replicated jobs by name.
Value Counters(const jobset::JobSetStatus& status) {
  Value out = model::ToValue(status);
  out.Remove("conditions");
  Value order = Value::MakeArray();
  for (const Value& each : out["replicatedJobsStatus"].items()) order.Append(each["name"]);
  out.Set("order", std::move(order));
  out.Set("replicatedJobsStatus", ReplicatedJobs(status));
  return out;
}

}  // namespace

std::string ShortName(const core::Pod& pod, std::string_view jobset) {
  const std::string name = pod.metadata.name.str();
  return WithoutPrefix(pod.metadata.generate_name.empty() ? name : name.substr(0, name.rfind('-')), jobset);
}

std::string ShortName(const batch::Job& job, std::string_view jobset) {
  return WithoutPrefix(job.metadata.name.str(), jobset);
}

JobSetRecord::JobSetRecord(sim::Simulation& simulation, meta::ObjectKey jobset)
    : simulation_(simulation), key_(std::move(jobset)), start_(simulation.Now()) {
  simulation_.store().AddWatcher(this);
  simulation_.store().set_event_listener([this](const world::Event& event) { EventSeen(event); });
}

JobSetRecord::~JobSetRecord() {
  simulation_.store().RemoveWatcher(this);
  simulation_.store().set_event_listener({});
}

std::string JobSetRecord::Now() const {
  return SecondsText(simulation_.Now() - start_);
}

void JobSetRecord::JobSetChanged(const jobset::JobSet& jobset) {
  for (const jobset::Condition& now : jobset.status.conditions) {
    const auto before = std::find_if(conditions_.begin(), conditions_.end(),
                                     [&](const jobset::Condition& other) { return other.type == now.type; });
    if (before != conditions_.end() && before->status == now.status && before->reason == now.reason) continue;
    story_.Append(Value::String(Cat(Now(), " ", now.type, " ", now.status, " ", now.reason)));
  }
  conditions_ = jobset.status.conditions;
}

void JobSetRecord::JobChanged(const batch::Job& job) {
  if (!known_.insert(job.metadata.uid).second) return;
  jobs_.At(ShortName(job, key_.name)).Append(Value::Number(Now()));
}

void JobSetRecord::JobDeleted(const batch::Job& job) {
  jobs_gone_.At(ShortName(job, key_.name)).Append(Value::Number(Now()));
}

void JobSetRecord::PodChanged(const core::Pod& pod) {
  if (!known_.insert(pod.metadata.uid).second) return;
  pods_.At(ShortName(pod, key_.name)).Append(Value::Number(Now()));
  CountOverlap(pod);
}

void JobSetRecord::PodDeleted(const core::Pod& pod) {
  pods_gone_.At(ShortName(pod, key_.name)).Append(Value::Number(Now()));
}

void JobSetRecord::CountOverlap(const core::Pod& pod) {
  const SharedString* attempt = pod.metadata.labels.Find(jobset::kRestartAttempt);
  if (attempt == nullptr) return;
  const std::vector<const core::Pod*> all = simulation_.store().Pods();
  const bool beside = std::any_of(all.begin(), all.end(), [&](const core::Pod* other) {
    const SharedString* its = other->metadata.labels.Find(jobset::kRestartAttempt);
    return its != nullptr && *its != *attempt && !other->IsTerminal();
  });
  beside_old_ += beside ? 1 : 0;
}

void JobSetRecord::EventSeen(const world::Event& event) {
  if (event.about.kind == world::Kind::kJobSet) {
    events_.Append(Value::String(Cat(event.warning ? "Warning " : "Normal ", event.reason)));
    messages_.Set(event.reason.view(), Value::String(event.message));
  } else if (event.warning) {
    Value& warnings = job_warnings_.At(WithoutPrefix(event.about.key.name, key_.name));
    const Value warning = Value::String(Cat(event.reason, ": ", event.message));
    const auto& there = std::as_const(warnings).items();
    if (std::find(there.begin(), there.end(), warning) == there.end()) warnings.Append(warning);
  }
}

Value JobSetRecord::Conditions() const {
  Value out = Value::MakeObject();
  const jobset::JobSet* jobset = simulation_.store().FindJobSet(key_);
  if (jobset == nullptr) return out;
  for (const jobset::Condition& condition : jobset->status.conditions) {
    Value& made = out.Set(condition.type, model::ToValue(condition));
    made.Remove("type");
    made.Remove("lastTransitionTime");
  }
  return out;
}

Value JobSetRecord::Present() const {
  Value out = Value::MakeObject();
  const store::Store& store = simulation_.store();
  if (const jobset::JobSet* jobset = store.FindJobSet(key_)) out.Set("status", Counters(jobset->status));
  out.Set("conditions", Conditions());
  for (const batch::Job* job : store.Jobs()) {
    const SharedString* attempt = job->metadata.labels.Find(jobset::kRestartAttempt);
    out.At("job").At(ShortName(*job, key_.name)) =
        Value::String(Cat("attempt ", attempt == nullptr ? "-" : attempt->view(),
                          job->metadata.deleting() ? " deleting" : "", job->spec->suspended() ? " suspended" : "",
                          " succeeded ", job->status.succeeded, " failed ", job->status.failed));
  }
  for (const core::Pod* pod : store.Pods()) {
    out.At("pod").At(ShortName(*pod, key_.name)) =
        Value::String(Cat(core::NameOf(pod->status.phase), pod->metadata.deleting() ? " deleting" : ""));
  }
  for (const core::Service* each : store.Services())
    out.At("services").Append(Value::String(each->metadata.name.str()));
  for (const auto* each : store.Claims()) out.At("claims").Append(Value::String(each->metadata.name.str()));
  return out;
}

void JobSetRecord::Look(const std::string& name) {
  looks_.Set(name, Present());
}

Value JobSetRecord::Seen() const {
  const store::Store& store = simulation_.store();
  Value out = Value::MakeObject();
  out.Set("jobs", jobs_);
  out.Set("jobsGone", jobs_gone_);
  out.Set("pods", pods_);
  out.Set("podsGone", pods_gone_);
  out.Set("story", story_);
  out.Set("events", events_);
  out.Set("messages", messages_);
  out.Set("jobWarnings", job_warnings_);
  out.Set("looks", looks_);
  out.Set("besideOld", Value::Int(beside_old_));
  if (!gone_.empty()) out.Set("gone", Value::Number(gone_));
  Value& conditions = out.Set("conditions", Conditions());
  if (const jobset::JobSet* jobset = store.FindJobSet(key_)) {
    out.Set("status", Counters(jobset->status));
    for (const jobset::Condition& condition : jobset->status.conditions) {
      conditions.At(condition.type).Set("since", Value::Number(SecondsText(*condition.last_transition_time - start_)));
    }
  }
  for (const batch::Job* job : store.Jobs()) out.At("job").Set(ShortName(*job, key_.name), ToValue(*job));
  for (const core::Pod* pod : store.Pods()) out.At("pod").Set(ShortName(*pod, key_.name), ToValue(*pod));
  for (const core::Service* each : store.Services()) out.At("service").Set(each->metadata.name.view(), ToValue(*each));
  for (const auto* each : store.Claims()) out.At("claim").Set(each->metadata.name.view(), ToValue(*each));
  for (const world::Verdict* recorded : simulation_.ledger().verdicts()) {
    const world::Verdict& verdict = *recorded;
    if (!verdict.jobset.empty()) out.At("verdicts").Append(Value::String(world::ConsequenceOf(verdict)));
    if (verdict.action == "Lose")
      out.At("lost").Append(Value::String(Cat(verdict.facts, ", ", world::ConsequenceOf(verdict))));
  }
  return out;
}

}  // namespace reprieve::vectors
