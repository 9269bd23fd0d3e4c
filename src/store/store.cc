#include "store/store.h"

#include <algorithm>
#include <array>

#include "admission/default.h"
#include "base/check.h"
#include "base/saturate.h"
#include "base/text.h"

namespace reprieve::store {

using document::Value;

namespace {

using world::WriteCode;
using world::WriteResult;

constexpr std::int64_t kDefaultGracePeriodSeconds = 30;
constexpr std::size_t kMaxDefaultedSpecs = 4096;
constexpr std::string_view kForegroundDeletion = "foregroundDeletion";

WriteResult PodNotFound(const world::PodReference& pod) {
  return {WriteCode::kNotFound, Cat("pods \"", pod.name, "\" not found"), 0};
}

WriteResult JobNotFound(const meta::ObjectKey& job) {
  return {WriteCode::kNotFound, Cat("jobs.batch \"", job.name, "\" not found"), 0};
}

}  // namespace

Store::Store(const world::Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed) {}

void Store::List(world::Watcher& watcher) const {
  telling_ = true;
  for (const auto& [name, node] : nodes_) watcher.NodeChanged(node);
  for (const jobset::JobSet* jobset : JobSets()) watcher.JobSetChanged(*jobset);
  for (const core::Service* service : Services()) watcher.ServiceChanged(*service);
  for (const core::PersistentVolumeClaim* claim : Claims()) watcher.ClaimChanged(*claim);
  for (const batch::Job* job : Jobs()) watcher.JobChanged(*job);
  for (const core::Pod* pod : Pods()) watcher.PodChanged(*pod);
  telling_ = false;
}

meta::ResourceVersion Store::NextVersion() {
  REPRIEVE_CHECK(!telling_, "a watcher writes to the store from its callback");
  return ++version_;
}

meta::Uid Store::NewUid() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 36> out;
  out.fill('-');
  const std::uint64_t words[2] = {random_.Next(), random_.Next()};
  char* to = out.data();
  for (std::size_t byte = 0; byte < 16; ++byte) {
    if (byte == 4 || byte == 6 || byte == 8 || byte == 10) ++to;  // past a dash
    const std::uint64_t value = words[byte / 8] >> (byte % 8 * 8);
    *to++ = kHex[value & 0xF];
    *to++ = kHex[value >> 4 & 0xF];
  }
  out[14] = '4';                                                 // RFC 9562: version 4,
  out[19] = kHex[8 | (static_cast<std::size_t>(words[1]) & 3)];  // and its variant
  return std::string_view(out.data(), out.size());
}

std::string Store::NewNameSuffix() {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";  // no vowels, hence no words
  std::string out(5, ' ');
  for (char& c : out) c = kAlphabet[random_.Below(kAlphabet.size())];
  return out;
}

const batch::Job& Store::AddJob(batch::Job job) {
  const meta::ObjectKey key = meta::KeyOf(job.metadata);
  REPRIEVE_CHECK(!jobs_.contains(key), "a Job of that name is there already");
  job.metadata.creation_timestamp = TruncateToSeconds(clock_.Now());
  auto& stored = jobs_[key];
  stored = std::make_unique<batch::Job>(std::move(job));
  Changed(*stored);
  return *stored;
}

const batch::Job* Store::FindJob(const meta::ObjectKey& key) const {
  const auto at = jobs_.find(key);
  return at == jobs_.end() ? nullptr : at->second.get();
}

WriteResult Store::ReplaceJob(const batch::Job& job) {
  batch::Job* stored = Find(meta::KeyOf(job.metadata), job.metadata.uid);
  if (stored == nullptr) return JobNotFound(meta::KeyOf(job.metadata));
  batch::JobStatus status = std::move(stored->status);
  *stored = job;
  stored->status = std::move(status);
  return Changed(*stored);
}

std::vector<const batch::Job*> Store::Jobs() const {
  std::vector<const batch::Job*> out;
  out.reserve(jobs_.size());
  for (const auto& [key, job] : jobs_) out.push_back(job.get());
  std::sort(out.begin(), out.end(), [](const batch::Job* a, const batch::Job* b) {
    return meta::KeyOf(a->metadata) < meta::KeyOf(b->metadata);
  });
  return out;
}

const core::Pod* Store::FindPod(const meta::ObjectKey& key) const {
  return pods_.Find(key.namespace_, key.name);
}

WriteResult Store::AddPod(core::Pod pod) {
  if (FindPod(meta::KeyOf(pod.metadata)) != nullptr) {
    return {WriteCode::kAlreadyExists, Cat("pods \"", pod.metadata.name, "\" already exists"), 0};
  }
  return Insert(std::make_unique<core::Pod>(std::move(pod)));
}

void Store::TakeOver(batch::Job job) {
  const meta::ObjectKey key = meta::KeyOf(job.metadata);
  REPRIEVE_CHECK(!jobs_.contains(key), "a Job of that name is there already");
  Changed(*(jobs_[key] = std::make_unique<batch::Job>(std::move(job))));
}

void Store::TakeOver(jobset::JobSet jobset) {
  const meta::ObjectKey key = meta::KeyOf(jobset.metadata);
  REPRIEVE_CHECK(!jobsets_.contains(key), "a JobSet of that name is there already");
  Changed(*(jobsets_[key] = std::make_unique<jobset::JobSet>(std::move(jobset))));
}

void Store::TakeOver(core::Pod pod) {
  REPRIEVE_CHECK(FindPod(meta::KeyOf(pod.metadata)) == nullptr, "a pod of that name is there already");
  pod.status_version = StatusVersion();
  core::Pod& stored = pods_.Insert(std::make_unique<core::Pod>(std::move(pod)));
  Index(stored);
  Changed(stored);
}

WriteResult Store::BindPod(const world::PodReference& reference, const SharedString& node) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  if (!pod->node_name.empty()) {
    return {WriteCode::kConflict,
            Cat("pod ", pod->metadata.name, " is already assigned to node \"", pod->node_name, "\""), 0};
  }
  pod->node_name = node;
  const Time now = TruncateToSeconds(clock_.Now());
  const bool first = pod->status.conditions.empty();
  if (first && bound_at_ == now) {
    pod->status.conditions = bound_;
  } else {
    core::PodCondition scheduled;
    scheduled.type = "PodScheduled"_shared;
    scheduled.status = "True"_shared;
    scheduled.last_transition_time = now;
    pod->status.SetCondition(std::move(scheduled));
    if (first) bound_ = pod->status.conditions, bound_at_ = now;
  }
  pod->status_version = StatusVersion();
  return Changed(*pod);
}

WriteResult Store::UpdatePodStatus(const world::PodReference& reference,
                                   const std::function<void(const core::Pod&, core::PodStatus&)>& change) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  change(*pod, pod->status);
  pod->status_version = StatusVersion();
  return Changed(*pod);
}

WriteResult Store::UpdatePodAnnotations(const world::PodReference& reference,
                                        const std::function<void(meta::Labels&)>& change) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  change(pod->metadata.annotations);
  return Changed(*pod);
}

WriteResult Store::RemovePod(const world::PodReference& reference) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  const bool was_deleting = pod->metadata.deleting();
  if (!was_deleting) pod->metadata.EditDeletion().timestamp = TruncateToSeconds(clock_.Now());
  pod->metadata.EditDeletion().grace_period_seconds = 0;
  return FinishDeletion(*pod);
}

WriteResult Store::CreatePod(std::unique_ptr<core::Pod> pod) {
  const SharedString beginning = pod->metadata.generate_name.In(pod->metadata.name);
  do {
    pod->metadata.name = SharedString::Join({beginning, NewNameSuffix()});
  } while (pods_.Find(pod->metadata.namespace_, pod->metadata.name) != nullptr);
  SharedString name = pod->metadata.name;
  pod->metadata.generate_name.TakeFrom(pod->metadata.name);
  pod->hostname.TakeFrom(pod->metadata.name);
  if (pod->metadata.annotations.Find(jobset::kJobSetName) != nullptr) {
    pod->spec = DefaultedSpec(pod->spec);
    if (const Status placed = Place(*pod); !placed.ok()) return {WriteCode::kInvalid, placed.error().message, 0};
  }
  WriteResult created = Insert(std::move(pod));
  created.name = std::move(name);
  return created;
}

WriteResult Store::DeletePod(const world::PodReference& reference) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  if (pod->metadata.deleting()) return {WriteCode::kOk, {}, pod->metadata.resource_version};
  // A pod that is not bound, or has ended, has no running containers.
  const bool at_once = pod->node_name.empty() || pod->IsTerminal();
  const std::int64_t grace =
      at_once ? 0 : pod->spec->termination_grace_period_seconds.value_or(kDefaultGracePeriodSeconds);
  pod->metadata.EditDeletion().timestamp = TruncateToSeconds(clock_.Now()) + DurationOfSeconds(grace);
  pod->metadata.EditDeletion().grace_period_seconds = grace;
  return FinishDeletion(*pod);
}

WriteResult Store::RemovePodFinalizer(const world::PodReference& reference, std::string_view finalizer) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  if (!pod->metadata.finalizers.Remove(finalizer)) return {WriteCode::kOk, {}, pod->metadata.resource_version};
  return FinishDeletion(*pod);
}

WriteResult Store::AdoptPod(const world::PodReference& reference, const meta::OwnerReference& owner,
                            std::string_view finalizer) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  if (pod->metadata.Controller() != nullptr) {
    return {WriteCode::kInvalid, "Only one reference can have Controller set to true", 0};
  }
  const auto& there = pod->metadata.owner_references;
  std::vector<meta::OwnerReference> owners(there.begin(), there.end());
  owners.push_back(owner);
  pod->metadata.SetOwners(std::move(owners));
  pod->metadata.finalizers.Add(finalizer);
  return Changed(*pod);
}

WriteResult Store::ReleasePod(const world::PodReference& reference, const meta::Uid& owner_uid,
                              std::string_view finalizer) {
  core::Pod* pod = Find(reference);
  if (pod == nullptr) return PodNotFound(reference);
  const auto& there = pod->metadata.owner_references;
  std::vector<meta::OwnerReference> owners(there.begin(), there.end());
  std::erase_if(owners, [&](const meta::OwnerReference& owner) { return owner.uid == owner_uid; });
  pod->metadata.SetOwners(std::move(owners));
  pod->metadata.finalizers.Remove(finalizer);
  return FinishDeletion(*pod);
}

WriteResult Store::UpdateJobStatus(const meta::ObjectKey& key, const meta::Uid& uid, meta::ResourceVersion version,
                                   batch::JobStatus status) {
  batch::Job* job = Find(key, uid);
  if (job == nullptr) return JobNotFound(key);
  if (job->metadata.resource_version != version) {
    return {WriteCode::kConflict,
            Cat("Operation cannot be fulfilled on jobs.batch \"", key.name,
                "\": the object has been modified; please apply your changes to the latest version and try again"),
            0};
  }
  if (const Status checked = status_validator_.Check(*job, status); !checked.ok()) {
    return {WriteCode::kInvalid, checked.error().message, 0};
  }
  job->status = std::move(status);
  return Changed(*job);
}

WriteResult Store::DeleteJob(const meta::ObjectKey& key, const meta::Uid& uid, world::Propagation propagation) {
  batch::Job* job = Find(key, uid);
  if (job == nullptr) return JobNotFound(key);
  if (propagation == world::Propagation::kForeground) job->metadata.finalizers.Add(kForegroundDeletion);
  if (!job->metadata.deleting()) {
    job->metadata.EditDeletion().timestamp = TruncateToSeconds(clock_.Now());
    job->metadata.EditDeletion().grace_period_seconds = 0;
    ++job->metadata.generation;
  }
  if (!job->metadata.finalizers.empty()) return Changed(*job);
  if (propagation == world::Propagation::kOrphan) OrphanPodsOf(*job);
  const std::unique_ptr<batch::Job> last = std::move(jobs_[key]);
  jobs_.erase(key);
  last->metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.JobDeleted(*last); });
  return {WriteCode::kOk, {}, last->metadata.resource_version};
}

WriteResult Store::RemoveJobFinalizer(const meta::ObjectKey& key, const meta::Uid& uid, std::string_view finalizer) {
  batch::Job* job = Find(key, uid);
  if (job == nullptr) return JobNotFound(key);
  job->metadata.finalizers.Remove(finalizer);
  if (!job->metadata.deleting() || !job->metadata.finalizers.empty()) return Changed(*job);
  return DeleteJob(key, uid, world::Propagation::kBackground);
}

void Store::RecordEvent(const world::Event& event) {
  events_.Add(event);
  if (on_event_) on_event_(event);
}

core::Pod* Store::Find(const world::PodReference& reference) {
  core::Pod* pod = pods_.At(reference.slot);
  if (pod != nullptr && pod->metadata.uid == reference.uid) return pod;
  pod = pods_.Find(reference.namespace_, reference.name);
  return pod == nullptr || pod->metadata.uid != reference.uid ? nullptr : pod;
}

batch::Job* Store::Find(const meta::ObjectKey& key, const meta::Uid& uid) {
  const auto at = jobs_.find(key);
  return at == jobs_.end() || at->second->metadata.uid != uid ? nullptr : at->second.get();
}

std::shared_ptr<const core::PodSpec> Store::DefaultedSpec(const std::shared_ptr<const core::PodSpec>& spec) {
  if (defaulted_.size() > kMaxDefaultedSpecs) defaulted_.clear();
  std::shared_ptr<const core::PodSpec>& out = defaulted_[spec];
  if (!out) {
    Value pod = Value::MakeObject();
    pod.Set("spec", model::ToValue(spec));
    admission::DefaultPod(pod);
    out = std::make_shared<const core::PodSpec>(model::Bind<core::PodSpec>(pod["spec"]));
  }
  return out;
}

WriteResult Store::Insert(std::unique_ptr<core::Pod> pod) {
  pod->metadata.uid = NewUid();
  pod->metadata.creation_timestamp = TruncateToSeconds(clock_.Now());
  pod->spec = DefaultedSpec(pod->spec);
  pod->status.phase = core::PodPhase::kPending;
  pod->status_version = StatusVersion();
  core::Pod& stored = pods_.Insert(std::move(pod));
  Index(stored);
  return Changed(stored);
}

WriteResult Store::Changed(core::Pod& pod) {
  const meta::ResourceVersion version = pod.metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.PodChanged(pod); });
  return {WriteCode::kOk, {}, version};
}

WriteResult Store::Changed(batch::Job& job) {
  const meta::ResourceVersion version = job.metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.JobChanged(job); });
  return {WriteCode::kOk, {}, version};
}

WriteResult Store::FinishDeletion(core::Pod& pod) {
  const bool goes = pod.metadata.deleting() && pod.metadata.deletion_grace_period_seconds().value_or(0) == 0 &&
                    pod.metadata.finalizers.empty();
  if (!goes) return Changed(pod);
  Unindex(pod);
  const std::unique_ptr<core::Pod> last = pods_.Remove(pod);
  const meta::ResourceVersion version = last->metadata.resource_version = NextVersion();
  Tell([&](world::Watcher& watcher) { watcher.PodDeleted(*last); });
  pods_.FreeSlotOf(*last);
  return {WriteCode::kOk, {}, version};
}

void Store::OrphanPodsOf(const batch::Job& job) {
  std::vector<world::PodReference> owned;
  for (const core::Pod* pod : Pods()) {
    const meta::OwnerReference* owner = pod->metadata.Controller();
    if (owner != nullptr && owner->uid == job.metadata.uid) owned.push_back(world::ReferenceTo(*pod));
  }
  for (const world::PodReference& pod : owned) ReleasePod(pod, job.metadata.uid, batch::kTrackingFinalizer);
}

}  // namespace reprieve::store
