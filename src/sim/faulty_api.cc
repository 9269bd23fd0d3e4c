#include "sim/faulty_api.h"

namespace reprieve::sim {
namespace {

const world::WriteResult kNoAnswer{world::WriteCode::kUnavailable, "the server gives no answer", 0};
const world::WriteResult kForbidden{world::WriteCode::kForbidden, "exceeded quota", 0};

}  // namespace

template <class W>
world::WriteResult FaultyApi::Do(bool repeatable, W write) {
  const auto happens = [this](std::uint64_t one_in) { return one_in > 0 && random_.OneIn(one_in); };
  if (crashed_) return kNoAnswer;
  if (++writes_ == rates_.crash_at) {
    crashed_ = true;
    if (rates_.crash_after) write();
    return kNoAnswer;
  }
  if (happens(rates_.crash)) {
    crashed_ = true;
    if (random_.OneIn(2)) write();
    return kNoAnswer;
  }
  if (happens(rates_.unavailable)) {
    if (repeatable && random_.OneIn(2)) write();
    return kNoAnswer;
  }
  return write();
}

world::WriteResult FaultyApi::CreatePod(std::unique_ptr<core::Pod> pod, SharedString& created_name) {
  if (Forbids()) return kForbidden;
  // A creation with an unknown outcome may leave a second pod, here as upstream: names are generated.
  return Do(false, [&] { return store_.CreatePod(std::move(pod), created_name); });
}

world::WriteResult FaultyApi::DeletePod(const world::PodReference& pod) {
  return Do(true, [&] { return store_.DeletePod(pod); });
}

world::WriteResult FaultyApi::RemovePodFinalizer(const world::PodReference& pod, std::string_view finalizer) {
  return Do(true, [&] { return store_.RemovePodFinalizer(pod, finalizer); });
}

world::WriteResult FaultyApi::AdoptPod(const world::PodReference& pod, const meta::OwnerReference& owner,
                                       std::string_view finalizer) {
  return Do(true, [&] { return store_.AdoptPod(pod, owner, finalizer); });
}

world::WriteResult FaultyApi::ReleasePod(const world::PodReference& pod, const meta::Uid& owner_uid,
                                         std::string_view finalizer) {
  return Do(true, [&] { return store_.ReleasePod(pod, owner_uid, finalizer); });
}

world::WriteResult FaultyApi::UpdateJobStatus(const meta::ObjectKey& job, const meta::Uid& uid,
                                              meta::ResourceVersion version, batch::JobStatus status) {
  if (!crashed_ && rates_.conflict > 0 && random_.OneIn(rates_.conflict)) {
    // Another client's write, which changes nothing that controllers look at.
    if (const batch::Job* stored = store_.FindJob(job)) store_.ReplaceJob(batch::Job(*stored));
  }
  world::WriteResult result = Do(true, [&] { return store_.UpdateJobStatus(job, uid, version, std::move(status)); });
  if (result.code == world::WriteCode::kInvalid) refused_.push_back(result.message);
  return result;
}

world::WriteResult FaultyApi::DeleteJob(const meta::ObjectKey& job, const meta::Uid& uid,
                                        world::Propagation propagation) {
  return Do(true, [&] { return store_.DeleteJob(job, uid, propagation); });
}

world::WriteResult FaultyApi::RemoveJobFinalizer(const meta::ObjectKey& job, const meta::Uid& uid,
                                                 std::string_view finalizer) {
  return Do(true, [&] { return store_.RemoveJobFinalizer(job, uid, finalizer); });
}

world::WriteResult FaultyApi::CreateJob(std::unique_ptr<batch::Job> job) {
  if (Forbids()) return kForbidden;
  return Do(true, [&] { return store_.CreateJob(std::move(job)); });
}

world::WriteResult FaultyApi::UpdateJob(const batch::Job& job) {
  return Do(true, [&] { return store_.UpdateJob(job); });
}

world::WriteResult FaultyApi::ResizeJob(const meta::ObjectKey& job, std::optional<std::int32_t> parallelism,
                                        std::optional<std::int32_t> completions) {
  return Do(true, [&] { return store_.ResizeJob(job, parallelism, completions); });
}

world::WriteResult FaultyApi::UpdateJobSetStatus(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                                 meta::ResourceVersion version, jobset::JobSetStatus status) {
  if (!crashed_ && rates_.conflict > 0 && random_.OneIn(rates_.conflict)) {
    if (const jobset::JobSet* stored = store_.FindJobSet(jobset)) store_.ReplaceJobSet(jobset::JobSet(*stored));
  }
  return Do(true, [&] { return store_.UpdateJobSetStatus(jobset, uid, version, std::move(status)); });
}

world::WriteResult FaultyApi::DeleteJobSet(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                           world::Propagation propagation) {
  return Do(true, [&] { return store_.DeleteJobSet(jobset, uid, propagation); });
}

world::WriteResult FaultyApi::RemoveJobSetFinalizer(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                                    std::string_view finalizer) {
  return Do(true, [&] { return store_.RemoveJobSetFinalizer(jobset, uid, finalizer); });
}

world::WriteResult FaultyApi::CreateService(core::Service service) {
  return Do(true, [&] { return store_.CreateService(std::move(service)); });
}

world::WriteResult FaultyApi::DeleteService(const meta::ObjectKey& service, const meta::Uid& uid) {
  return Do(true, [&] { return store_.DeleteService(service, uid); });
}

world::WriteResult FaultyApi::CreateClaim(core::PersistentVolumeClaim claim) {
  return Do(true, [&] { return store_.CreateClaim(std::move(claim)); });
}

world::WriteResult FaultyApi::DeleteClaim(const meta::ObjectKey& claim, const meta::Uid& uid) {
  return Do(true, [&] { return store_.DeleteClaim(claim, uid); });
}

world::WriteResult FaultyApi::MarkDisrupted(const world::PodReference& pod, std::string_view reason,
                                            std::string_view message) {
  return Do(true, [&] { return store_.MarkDisrupted(pod, reason, message); });
}

world::WriteResult FaultyApi::LosePod(const world::PodReference& pod, std::string_view reason,
                                      std::string_view message) {
  return Do(true, [&] { return store_.LosePod(pod, reason, message); });
}

void FaultyApi::RecordEvent(const world::Event& event) {
  if (!crashed_) store_.RecordEvent(event);
}

}  // namespace reprieve::sim
