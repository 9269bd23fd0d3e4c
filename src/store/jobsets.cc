// JobSets, and what they own beside pods: child Jobs, headless Services, volume claims.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "store/store.h"

namespace reprieve::store {

using document::Value;

namespace {

using world::WriteCode;
using world::WriteResult;

constexpr std::string_view kForegroundDeletion = "foregroundDeletion";

WriteResult NotFound(std::string_view resource, std::string_view name) {
  return {WriteCode::kNotFound, Cat(resource, " \"", name, "\" not found"), 0};
}

WriteResult AlreadyExists(std::string_view resource, std::string_view name) {
  return {WriteCode::kAlreadyExists, Cat(resource, " \"", name, "\" already exists"), 0};
}

WriteResult Modified(std::string_view resource, std::string_view name) {
  return {WriteCode::kConflict,
          Cat("Operation cannot be fulfilled on ", resource, " \"", name,
              "\": the object has been modified; please apply your changes to the latest version and try again"),
          0};
}

WriteCode CodeOf(const admission::Answer& answer) {
  switch (answer.code) {
    case 404:
      return WriteCode::kNotFound;
    case 409:
      return answer.reason == "AlreadyExists" ? WriteCode::kAlreadyExists : WriteCode::kConflict;
    default:
      return WriteCode::kInvalid;
  }
}

template <class T>
const T* FindIn(const std::map<meta::ObjectKey, std::unique_ptr<T>>& objects, const meta::ObjectKey& key) {
  const auto at = objects.find(key);
  return at == objects.end() ? nullptr : at->second.get();
}

template <class T>
std::vector<const T*> All(const std::map<meta::ObjectKey, std::unique_ptr<T>>& objects) {
  std::vector<const T*> out;
  out.reserve(objects.size());
  for (const auto& [key, object] : objects) out.push_back(object.get());
  return out;
}

}  // namespace

WriteResult Store::CreateJob(const batch::Job& job) {
  const meta::ObjectKey key = meta::KeyOf(job.metadata);
  if (jobs_.contains(key)) return AlreadyExists("jobs.batch", key.name);
  Value body = ToValue(job);
  body.Remove("status");
  const meta::Uid uid = NewUid();
  const admission::Answer answer = admission::CreateJob(body, {key.namespace_, "", uid, "", clock_.Now()});
  if (!answer.ok()) return {CodeOf(answer), answer.message, 0};
  batch::Job admitted;
  FromValue(answer.object, admitted);
  admitted.file = job.file;
  batch::TakeRuleMarks(*job.spec, admitted);
  ShareTemplate(answer.object["spec"]["template"]["spec"], admitted);
  return {WriteCode::kOk, {}, AddJob(std::move(admitted)).metadata.resource_version};
}

// The Jobs of one replicated job differ in little but their names: they keep one pod spec between them.
void Store::ShareTemplate(const Value& pod_spec, batch::Job& job) {
  constexpr std::size_t kRemembered = 16;
  const auto known = std::find_if(templates_.begin(), templates_.end(),
                                  [&](const SharedTemplate& each) { return each.value == pod_spec; });
  if (known == templates_.end()) {
    if (templates_.size() >= kRemembered) templates_.pop_front();
    templates_.push_back({pod_spec, job.spec->pod_template.spec});
    return;
  }
  batch::JobSpec spec = *job.spec;
  spec.pod_template.spec = known->spec;
  job.spec = std::make_shared<const batch::JobSpec>(std::move(spec));
}

WriteResult Store::UpdateJob(const batch::Job& job) {
  const meta::ObjectKey key = meta::KeyOf(job.metadata);
  const batch::Job* stored = Find(key, job.metadata.uid);
  if (stored == nullptr) return NotFound("jobs.batch", key.name);
  if (stored->metadata.resource_version != job.metadata.resource_version) return Modified("jobs.batch", key.name);
  return Replace(*stored,
                 admission::UpdateJob(ToValue(*stored), ToValue(job), {key.namespace_, "", "", "", clock_.Now()}));
}

WriteResult Store::ResizeJob(const meta::ObjectKey& key, const meta::Uid& uid, std::optional<std::int32_t> parallelism,
                             std::optional<std::int32_t> completions) {
  const batch::Job* stored = Find(key, uid);
  if (stored == nullptr) return NotFound("jobs.batch", key.name);
  Value patch = Value::MakeObject();
  Value& spec = patch.Set("spec", Value::MakeObject());
  spec.Set("parallelism", model::ToValue(parallelism));
  spec.Set("completions", model::ToValue(completions));
  return Replace(*stored, admission::PatchJob(ToValue(*stored), admission::PatchType::kMerge, patch,
                                              {key.namespace_, "", "", "", clock_.Now()}));
}

WriteResult Store::Replace(const batch::Job& before, const admission::Answer& answer) {
  if (!answer.ok()) return {CodeOf(answer), answer.message, 0};
  batch::Job admitted;
  FromValue(answer.object, admitted);
  admitted.file = before.file;
  batch::TakeRuleMarks(*before.spec, admitted);
  return ReplaceJob(admitted);
}

const jobset::JobSet& Store::AddJobSet(jobset::JobSet jobset) {
  const meta::ObjectKey key = meta::KeyOf(jobset.metadata);
  REPRIEVE_CHECK(!jobsets_.contains(key), "a JobSet of that name is there already");
  jobset.metadata.creation_timestamp = TruncateToSeconds(clock_.Now());
  auto& stored = jobsets_[key];
  stored = std::make_unique<jobset::JobSet>(std::move(jobset));
  Changed(*stored);
  return *stored;
}

const jobset::JobSet* Store::FindJobSet(const meta::ObjectKey& key) const {
  return FindIn(jobsets_, key);
}

jobset::JobSet* Store::FindJobSet(const meta::ObjectKey& key, const meta::Uid& uid) {
  const auto at = jobsets_.find(key);
  return at == jobsets_.end() || at->second->metadata.uid != uid ? nullptr : at->second.get();
}

std::vector<const jobset::JobSet*> Store::JobSets() const {
  return All(jobsets_);
}

WriteResult Store::ReplaceJobSet(const jobset::JobSet& jobset) {
  const meta::ObjectKey key = meta::KeyOf(jobset.metadata);
  jobset::JobSet* stored = FindJobSet(key, jobset.metadata.uid);
  if (stored == nullptr) return NotFound("jobsets.jobset.x-k8s.io", key.name);
  jobset::JobSetStatus status = std::move(stored->status);
  *stored = jobset;
  stored->status = std::move(status);
  return Changed(*stored);
}

WriteResult Store::UpdateJobSetStatus(const meta::ObjectKey& key, const meta::Uid& uid, meta::ResourceVersion version,
                                      jobset::JobSetStatus status) {
  jobset::JobSet* stored = FindJobSet(key, uid);
  if (stored == nullptr) return NotFound("jobsets.jobset.x-k8s.io", key.name);
  if (stored->metadata.resource_version != version) return Modified("jobsets.jobset.x-k8s.io", key.name);
  stored->status = std::move(status);
  return Changed(*stored);
}

WriteResult Store::DeleteJobSet(const meta::ObjectKey& key, const meta::Uid& uid, world::Propagation propagation) {
  jobset::JobSet* stored = FindJobSet(key, uid);
  if (stored == nullptr) return NotFound("jobsets.jobset.x-k8s.io", key.name);
  if (propagation == world::Propagation::kForeground) stored->metadata.finalizers.Add(kForegroundDeletion);
  if (!stored->metadata.deleting()) {
    stored->metadata.EditDeletion().timestamp = TruncateToSeconds(clock_.Now());
    stored->metadata.EditDeletion().grace_period_seconds = 0;
    ++stored->metadata.generation;
  }
  if (!stored->metadata.finalizers.empty()) return Changed(*stored);
  const std::unique_ptr<jobset::JobSet> last = std::move(jobsets_[key]);
  jobsets_.erase(key);
  last->metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.JobSetDeleted(*last); });
  return {WriteCode::kOk, {}, last->metadata.resource_version};
}

WriteResult Store::RemoveJobSetFinalizer(const meta::ObjectKey& key, const meta::Uid& uid, std::string_view finalizer) {
  jobset::JobSet* stored = FindJobSet(key, uid);
  if (stored == nullptr) return NotFound("jobsets.jobset.x-k8s.io", key.name);
  stored->metadata.finalizers.Remove(finalizer);
  if (!stored->metadata.deleting() || !stored->metadata.finalizers.empty()) return Changed(*stored);
  return DeleteJobSet(key, uid, world::Propagation::kBackground);
}

WriteResult Store::Changed(jobset::JobSet& jobset) {
  const meta::ResourceVersion version = jobset.metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.JobSetChanged(jobset); });
  return {WriteCode::kOk, {}, version};
}

const core::Service* Store::FindService(const meta::ObjectKey& key) const {
  return FindIn(services_, key);
}

std::vector<const core::Service*> Store::Services() const {
  return All(services_);
}

WriteResult Store::CreateService(core::Service service) {
  const meta::ObjectKey key = meta::KeyOf(service.metadata);
  auto& stored = services_[key];
  if (stored) return AlreadyExists("services", key.name);
  service.metadata.uid = NewUid();
  service.metadata.creation_timestamp = TruncateToSeconds(clock_.Now());
  service.metadata.resource_version = NextVersion();
  if (service.headless()) core::DefaultHeadlessService(service);
  stored = std::make_unique<core::Service>(std::move(service));
  Tell([&](world::Watcher& watcher) { watcher.ServiceChanged(*stored); });
  return {WriteCode::kOk, {}, stored->metadata.resource_version};
}

WriteResult Store::DeleteService(const meta::ObjectKey& key, const meta::Uid& uid) {
  const core::Service* found = FindService(key);
  if (found == nullptr || found->metadata.uid != uid) return NotFound("services", key.name);
  const std::unique_ptr<core::Service> last = std::move(services_[key]);
  services_.erase(key);
  last->metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.ServiceDeleted(*last); });
  return {WriteCode::kOk, {}, last->metadata.resource_version};
}

const core::PersistentVolumeClaim* Store::FindClaim(const meta::ObjectKey& key) const {
  return FindIn(claims_, key);
}

std::vector<const core::PersistentVolumeClaim*> Store::Claims() const {
  return All(claims_);
}

WriteResult Store::CreateClaim(core::PersistentVolumeClaim claim) {
  const meta::ObjectKey key = meta::KeyOf(claim.metadata);
  auto& stored = claims_[key];
  if (stored) return AlreadyExists("persistentvolumeclaims", key.name);
  claim.metadata.uid = NewUid();
  claim.metadata.creation_timestamp = TruncateToSeconds(clock_.Now());
  claim.metadata.resource_version = NextVersion();
  stored = std::make_unique<core::PersistentVolumeClaim>(std::move(claim));
  Tell([&](world::Watcher& watcher) { watcher.ClaimChanged(*stored); });
  return {WriteCode::kOk, {}, stored->metadata.resource_version};
}

WriteResult Store::DeleteClaim(const meta::ObjectKey& key, const meta::Uid& uid) {
  const core::PersistentVolumeClaim* found = FindClaim(key);
  if (found == nullptr || found->metadata.uid != uid) return NotFound("persistentvolumeclaims", key.name);
  const std::unique_ptr<core::PersistentVolumeClaim> last = std::move(claims_[key]);
  claims_.erase(key);
  last->metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.ClaimDeleted(*last); });
  return {WriteCode::kOk, {}, last->metadata.resource_version};
}

WriteResult Store::MarkDisrupted(const world::PodReference& reference, std::string_view reason,
                                 std::string_view message, bool fail) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return NotFound("pods", reference.name);
  const core::PodCondition* there = pod->status.FindCondition(core::kDisruptionTargetCondition);
  const bool marks = there == nullptr || there->status != "True";
  const bool fails = fail && !pod->IsTerminal();
  if (!marks && !fails) return {WriteCode::kOk, {}, pod->metadata.resource_version};
  if (marks) {
    core::PodCondition condition;
    condition.type = core::kDisruptionTargetCondition;
    condition.status = "True";
    condition.reason = reason;
    condition.message = message;
    condition.last_transition_time = TruncateToSeconds(clock_.Now());
    pod->status.SetCondition(std::move(condition));
  }
  if (fails) pod->status.phase = core::PodPhase::kFailed;
  pod->status_version = StatusVersion();
  return Changed(*pod);
}

}  // namespace reprieve::store
