#include "oracle/cluster.h"

#include "admission/admission.h"
#include "admission/patch.h"
#include "base/check.h"
#include "base/text.h"
#include "oracle/replay.h"

namespace reprieve::oracle {
namespace {

using document::Value;

Status FromWrite(const world::WriteResult& result) {
  if (result.ok()) return Ok();
  return Error{result.message};
}

void ReplaceNow(Value& value, const std::string& now) {
  if (value.IsString() && value.AsText() == "NOW") value = Value::String(now);
  if (value.IsArray()) {
    for (Value& item : value.items()) ReplaceNow(item, now);
  }
  if (value.IsObject()) {
    for (Value::Member& member : value.members()) ReplaceNow(member.value, now);
  }
}

// Merged by type, as the API server merges a strategic merge patch.
Value MergedConditions(const Value& conditions, const Value& patch) {
  Value live = Value::MakeObject();
  Value change = Value::MakeObject();
  if (!conditions.IsNull()) live.Set("conditions", conditions);
  change.Set("conditions", patch);
  const auto merged = admission::StrategicMergePatch(live, change, model::GetMessage("core/v1.PodStatus"));
  const auto* status = std::get_if<Value>(&merged);
  REPRIEVE_CHECK(status != nullptr, "a recorded patch of conditions can't be merged");
  return (*status)["conditions"];
}

// A time only shows that it is set.
void HideTimes(Value& status) {
  for (const char* name : {"startTime", "completionTime"}) {
    if (status.Find(name) != nullptr) status.Set(name, Value::Bool(true));
  }
  if (Value* conditions = status.Find("conditions")) {
    for (Value& condition : conditions->items()) {
      condition.Remove("lastProbeTime");
      condition.Remove("lastTransitionTime");
    }
  }
}

}  // namespace

void PatchStatus(core::PodStatus& status, const Value& patch, Time now) {
  Value value = model::ToValue(status);
  Value change = patch;
  ReplaceNow(change, FormatRfc3339(now));
  for (const Value::Member& member : change.members()) {
    if (member.key == "conditions") {
      value.Set("conditions", MergedConditions(value["conditions"], member.value));
    } else {
      value.Set(member.key, member.value);
    }
  }
  status = model::Bind<core::PodStatus>(value);
}

Cluster::Cluster(const sim::SimulationOptions& options, model::KubernetesVersion version)
    : sim_(options), gates_(options.engine.jobsets.gates), version_(version) {
  sim_.store().AddWatcher(this);
}
Cluster::~Cluster() {
  sim_.store().RemoveWatcher(this);
}

void Cluster::PodChanged(const core::Pod& pod) {
  if (known_.insert(pod.metadata.uid).second) created_.push_back(pod);
}

const batch::Job* Cluster::job() const {
  return const_cast<Cluster*>(this)->sim_.store().FindJob({std::string(kNamespace), job_name_});
}

Value Cluster::JobStatus() const {
  const batch::Job* stored = job();
  return stored == nullptr ? Value::Null() : ShowStatus(*stored);
}

Value Cluster::ShowStatus(const batch::Job& job) {
  Value status = model::ToValue(job.status);
  if (status["uncountedTerminatedPods"].IsEmpty()) status.Remove("uncountedTerminatedPods");
  HideTimes(status);
  return status;
}

const jobset::JobSet* Cluster::jobset() const {
  return const_cast<Cluster*>(this)->sim_.store().FindJobSet({std::string(kNamespace), job_name_});
}

Value Cluster::JobSetStatus() const {
  const jobset::JobSet* stored = jobset();
  if (stored == nullptr) return Value::Null();
  Value status = model::ToValue(stored->status);
  if (Value* conditions = status.Find("conditions")) {
    for (Value& condition : conditions->items()) condition.Set("lastTransitionTime", Value::Bool(true));
  }
  return status;
}

Value Cluster::Show(const core::Pod& pod) {
  Value out = Value::MakeObject();
  const auto annotation = [&](std::string_view key, const char* as) {
    if (const SharedString* text = pod.metadata.annotations.Find(key)) out.Set(as, Value::String(text->str()));
  };
  annotation(batch::kCompletionIndex, "index");
  out.Set("phase", Value::String(std::string(core::NameOf(pod.status.phase))));
  if (pod.metadata.HasFinalizer(batch::kTrackingFinalizer)) out.Set("finalizer", Value::Bool(true));
  if (pod.metadata.deleting()) out.Set("deleting", Value::Bool(true));
  annotation(batch::kIndexFailureCount, "failureCount");
  annotation(batch::kIndexIgnoredFailureCount, "ignoredFailureCount");
  annotation(jobset::kInPlaceRestartAttempt, "inPlaceRestartAttempt");
  return out;
}

world::PodReference Cluster::Reference(const std::string& pod) const {
  const core::Pod* found = const_cast<Cluster*>(this)->sim_.store().FindPod({std::string(kNamespace), pod});
  return found != nullptr ? world::ReferenceTo(*found) : world::PodReference{kNamespace, pod, {}};
}

Status Cluster::PatchPodStatus(const std::string& pod, const Value& patch) {
  return FromWrite(sim_.store().UpdatePodStatus(
      Reference(pod), [&](const core::Pod&, core::PodStatus& status) { PatchStatus(status, patch, sim_.Now()); }));
}

Status Cluster::Bind(const std::string& pod, const std::string& node) {
  return FromWrite(sim_.store().BindPod(Reference(pod), node));
}
Status Cluster::Delete(const std::string& pod) {
  return FromWrite(sim_.store().DeletePod(Reference(pod)));
}
Status Cluster::Remove(const std::string& pod) {
  return FromWrite(sim_.store().RemovePod(Reference(pod)));
}

Status Cluster::CreateJob(const Value& manifest) {
  const meta::Uid uid = sim_.store().NewUid();
  const std::string suffix = sim_.store().NewNameSuffix();
  admission::Answer answer = admission::CreateJob(manifest, RequestFor(uid, suffix));
  if (!answer.ok()) return Error{answer.message};
  batch::Job job;
  FromValue(answer.object, job);
  job_name_ = job.metadata.name.str();
  sim_.store().AddJob(std::move(job));
  return Ok();
}

Status Cluster::PatchJob(const std::string& name, const Value& patch) {
  const batch::Job* stored = sim_.store().FindJob({std::string(kNamespace), name});
  if (stored == nullptr) return Error{Cat("no Job ", name)};
  admission::Answer answer =
      admission::PatchJob(ToValue(*stored), admission::PatchType::kMerge, patch, RequestFor("", ""));
  if (!answer.ok()) return Error{answer.message};
  batch::Job job;
  FromValue(answer.object, job);
  return FromWrite(sim_.store().ReplaceJob(job));
}

admission::Request Cluster::RequestFor(std::string_view uid, std::string_view suffix) const {
  return {kNamespace, "", uid, suffix, sim_.Now(), version_};
}

admission::JobSetRequest Cluster::JobSetRequestFor(std::string_view uid, std::string_view suffix) {
  return {RequestFor(uid, suffix), gates_,
          [this](const std::string& name) {
            const core::PersistentVolumeClaim* claim = sim_.store().FindClaim({std::string(kNamespace), name});
            return claim != nullptr ? ToValue(*claim) : Value();
          },
          kRecordedJobSet};
}

Status Cluster::CreateJobSet(const Value& manifest) {
  const meta::Uid uid = sim_.store().NewUid();
  const std::string suffix = sim_.store().NewNameSuffix();
  admission::Answer answer = admission::CreateJobSet(manifest, JobSetRequestFor(uid, suffix));
  if (!answer.ok()) return Error{answer.message};
  jobset::JobSet jobset;
  FromValue(answer.object, jobset);
  job_name_ = jobset.metadata.name.str();
  sim_.store().AddJobSet(std::move(jobset));
  return Ok();
}

Status Cluster::PatchJobSet(const std::string& name, const Value& patch) {
  const jobset::JobSet* stored = sim_.store().FindJobSet({std::string(kNamespace), name});
  if (stored == nullptr) return Error{Cat("no JobSet ", name)};
  admission::Answer answer =
      admission::PatchJobSet(ToValue(*stored), admission::PatchType::kMerge, patch, JobSetRequestFor("", ""));
  if (!answer.ok()) return Error{answer.message};
  jobset::JobSet jobset;
  FromValue(answer.object, jobset);
  return FromWrite(sim_.store().ReplaceJobSet(jobset));
}

Status Cluster::DeleteJob(const std::string& name) {
  const batch::Job* job = sim_.store().FindJob({std::string(kNamespace), name});
  if (job == nullptr) return Error{Cat("no Job ", name)};
  return FromWrite(
      sim_.store().DeleteJob(meta::KeyOf(job->metadata), job->metadata.uid, world::Propagation::kBackground));
}

Status Cluster::PatchPod(const std::string& pod, const Value& patch) {
  return FromWrite(sim_.store().UpdatePodAnnotations(Reference(pod), [&](meta::Labels& annotations) {
    for (const Value::Member& member : patch["metadata"]["annotations"].members()) {
      if (member.value.IsNull()) {
        annotations.Remove(member.key);
      } else {
        annotations.Set(member.key, member.value.AsText());
      }
    }
  }));
}

}  // namespace reprieve::oracle
