#include "store/user_actions.h"

#include <utility>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "base/check.h"

namespace reprieve::store {
namespace {

using document::Value;

Status FromWrite(const world::WriteResult& result) {
  if (result.ok()) return Ok();
  return Error{result.message};
}

Value SpecPatch(std::string_view field, Value value) {
  Value spec = Value::MakeObject();
  spec.Set(std::string(field), std::move(value));
  Value patch = Value::MakeObject();
  patch.Set("spec", std::move(spec));
  return patch;
}

admission::Request RequestAt(std::string_view name_space, Time now) {
  admission::Request request;
  request.name_space = name_space;
  request.now = now;
  return request;
}

Status PatchJob(Store& store, const batch::Job& job, const Value& patch, Time now) {
  admission::Answer answer = admission::PatchJob(ToValue(job), admission::PatchType::kMerge, patch,
                                                 RequestAt(job.metadata.namespace_.view(), now));
  if (!answer.ok()) return Error{answer.message};
  batch::Job changed;
  FromValue(answer.object, changed);
  return FromWrite(store.ReplaceJob(changed));
}

Status PatchJobSet(Store& store, const jobset::JobSet& jobset, const Value& patch, Time now) {
  const std::string_view name_space = jobset.metadata.namespace_.view();
  const auto find_claim = [&](const std::string& name) {
    const core::PersistentVolumeClaim* claim = store.FindClaim({std::string(name_space), name});
    return claim != nullptr ? ToValue(*claim) : Value();
  };
  admission::Answer answer = admission::PatchJobSet(ToValue(jobset), admission::PatchType::kMerge, patch,
                                                    {RequestAt(name_space, now), {}, find_claim});
  if (!answer.ok()) return Error{answer.message};
  jobset::JobSet changed;
  FromValue(answer.object, changed);
  return FromWrite(store.ReplaceJobSet(changed));
}

std::optional<world::Subject> FindOwner(const Store& store, const world::Incident& incident) {
  if (incident.owner_kind == world::Kind::kJob) {
    for (const batch::Job* job : store.Jobs()) {
      if (world::IsCalled(*job, incident.owner)) return world::Subject{world::Kind::kJob, meta::KeyOf(job->metadata)};
    }
    return std::nullopt;
  }
  for (const jobset::JobSet* jobset : store.JobSets()) {
    if (jobset->metadata.name == incident.owner) {
      return world::Subject{world::Kind::kJobSet, meta::KeyOf(jobset->metadata)};
    }
  }
  return std::nullopt;
}

}  // namespace

Status PatchAsUser(Store& store, const world::Subject& subject, const Value& patch, Time now) {
  if (subject.kind == world::Kind::kJob) {
    const batch::Job* job = store.FindJob(subject.key);
    REPRIEVE_CHECK(job != nullptr, "a Job that is patched exists");
    return PatchJob(store, *job, patch, now);
  }
  const jobset::JobSet* jobset = store.FindJobSet(subject.key);
  REPRIEVE_CHECK(jobset != nullptr, "a JobSet that is patched exists");
  return PatchJobSet(store, *jobset, patch, now);
}

Status SetSuspend(Store& store, const world::Subject& subject, bool suspend, Time now) {
  return PatchAsUser(store, subject, SpecPatch("suspend", Value::Bool(suspend)), now);
}

Status SetParallelism(Store& store, const meta::ObjectKey& job, std::int32_t parallelism, Time now) {
  return PatchAsUser(store, {world::Kind::kJob, job}, SpecPatch("parallelism", Value::Int(parallelism)), now);
}

Status DeleteAsUser(Store& store, const world::Subject& subject) {
  if (subject.kind == world::Kind::kJob) {
    const batch::Job* job = store.FindJob(subject.key);
    return FromWrite(store.DeleteJob(subject.key, job != nullptr ? job->metadata.uid : meta::Uid(),
                                     world::Propagation::kBackground));
  }
  const jobset::JobSet* jobset = store.FindJobSet(subject.key);
  return FromWrite(store.DeleteJobSet(subject.key, jobset != nullptr ? jobset->metadata.uid : meta::Uid(),
                                      world::Propagation::kBackground));
}

world::IncidentOutcome ApplyToOwner(Store& store, const world::Incident& incident, Time now) {
  const auto subject = FindOwner(store, incident);
  if (!subject) return {.kind = world::OutcomeKind::kNoOwner};
  const auto apply = [&]() -> Status {
    if (incident.fault == world::FaultKind::kSuspended) return SetSuspend(store, *subject, true, now);
    if (incident.fault == world::FaultKind::kResumed) return SetSuspend(store, *subject, false, now);
    if (incident.fault == world::FaultKind::kScaled) return SetParallelism(store, subject->key, incident.pods, now);
    return DeleteAsUser(store, *subject);
  };
  const Status done = apply();
  if (!done.ok()) return {.kind = world::OutcomeKind::kRefused, .message = done.error().message};
  return {};
}

}  // namespace reprieve::store
