#include "other_controllers.h"

#include <algorithm>
#include <vector>

#include "controllers/pod_cleanup.h"

namespace reprieve::property {
namespace {

engine::EngineOptions Options() {
  engine::EngineOptions options;
  // It is told of no JobSets: those are the tested controller's, and what they own is the collector's.
  options.jobsets.housekeeping = false;
  return options;
}

}  // namespace

OtherControllers::OtherControllers(store::Store& store, sim::Agenda& agenda, const world::Clock& clock, Random& random)
    : store_(store), agenda_(agenda), clock_(clock), random_(random), engine_(store, clock, verdicts_, Options()) {
  store_.AddWatcher(this);
  store_.List(*this);
  engine_.ListsComplete(store_.version());
}

OtherControllers::~OtherControllers() {
  store_.RemoveWatcher(this);
}

void OtherControllers::JobChanged(const batch::Job& job) {
  engine_.JobChanged(job);
  CollectSoon();
}

void OtherControllers::JobDeleted(const batch::Job& job) {
  engine_.JobDeleted(job);
  CollectSoon();
}

void OtherControllers::JobSetChanged(const jobset::JobSet& jobset) {
  if (jobset.metadata.deleting()) CollectSoon();
}

void OtherControllers::CollectSoon() {
  if (std::exchange(collects_, true)) return;
  agenda_.At(clock_.Now() + Nanoseconds(std::chrono::milliseconds(random_.Between(0, 3000))), [this] { Collect(); });
}

OtherControllers::Fate OtherControllers::FateOf(const meta::ObjectMeta& metadata) const {
  const meta::OwnerReference* owner = metadata.Controller();
  if (owner == nullptr || owner->kind != "JobSet") return Fate::kStays;
  const jobset::JobSet* jobset = store_.FindJobSet({metadata.namespace_, owner->name});
  if (jobset == nullptr || jobset->metadata.uid != owner->uid) return Fate::kGoes;
  const bool foreground =
      jobset->metadata.deleting() && jobset->metadata.HasFinalizer(controllers::kForegroundDeletion);
  return foreground ? Fate::kGoesBeforeItsOwner : Fate::kStays;
}

bool OtherControllers::IsOwned(const jobset::JobSet& owner) const {
  const auto is_owner = [&](const auto* object) {
    const meta::OwnerReference* of = object->metadata.Controller();
    return of != nullptr && of->uid == owner.metadata.uid;
  };
  const auto jobs = store_.Jobs();
  const auto services = store_.Services();
  const auto claims = store_.Claims();
  return std::any_of(jobs.begin(), jobs.end(), is_owner) || std::any_of(services.begin(), services.end(), is_owner) ||
         std::any_of(claims.begin(), claims.end(), is_owner);
}

void OtherControllers::Collect() {
  collects_ = false;
  for (const batch::Job* job : store_.Jobs()) {
    const Fate fate = FateOf(job->metadata);
    if (fate == Fate::kStays || job->metadata.deleting()) continue;
    store_.DeleteJob(meta::KeyOf(job->metadata), job->metadata.uid,
                     fate == Fate::kGoes ? world::Propagation::kBackground : world::Propagation::kForeground);
  }
  for (const core::Service* service : store_.Services()) {
    if (FateOf(service->metadata) == Fate::kStays) continue;
    store_.DeleteService(meta::KeyOf(service->metadata), service->metadata.uid);
  }
  for (const core::PersistentVolumeClaim* claim : store_.Claims()) {
    if (FateOf(claim->metadata) == Fate::kStays) continue;
    store_.DeleteClaim(meta::KeyOf(claim->metadata), claim->metadata.uid);
  }
  for (const jobset::JobSet* jobset : store_.JobSets()) {
    if (!jobset->metadata.deleting() || !jobset->metadata.HasFinalizer(controllers::kForegroundDeletion)) continue;
    if (IsOwned(*jobset)) continue;
    store_.RemoveJobSetFinalizer(meta::KeyOf(jobset->metadata), jobset->metadata.uid, controllers::kForegroundDeletion);
  }
}

}  // namespace reprieve::property
