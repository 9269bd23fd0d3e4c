// Requests of controllers, answered at once.
#include <utility>

#include "store/store.h"

namespace reprieve::store {
namespace {

using world::WriteResult;

struct Serve {
  Store& store;

  WriteResult operator()(world::CreatePod& r) const { return store.CreatePod(std::move(r.pod)); }
  WriteResult operator()(const world::DeletePod& r) const {
    return r.at_once ? store.RemovePod(r.pod) : store.DeletePod(r.pod);
  }
  WriteResult operator()(const world::RemovePodFinalizer& r) const {
    return store.RemovePodFinalizer(r.pod, r.finalizer);
  }
  WriteResult operator()(const world::AdoptPod& r) const { return store.AdoptPod(r.pod, *r.owner, r.finalizer); }
  WriteResult operator()(const world::ReleasePod& r) const { return store.ReleasePod(r.pod, r.owner_uid, r.finalizer); }
  WriteResult operator()(const world::MarkDisrupted& r) const {
    return store.MarkDisrupted(r.pod, r.reason, r.message, r.fail);
  }
  WriteResult operator()(world::UpdateJobStatus& r) const {
    return store.UpdateJobStatus(r.job, r.uid, r.version, std::move(*r.status));
  }
  WriteResult operator()(const world::DeleteJob& r) const { return store.DeleteJob(r.job, r.uid, r.propagation); }
  WriteResult operator()(const world::RemoveJobFinalizer& r) const {
    return store.RemoveJobFinalizer(r.job, r.uid, r.finalizer);
  }
  WriteResult operator()(const world::CreateJob& r) const { return store.CreateJob(*r.job); }
  WriteResult operator()(const world::UpdateJob& r) const { return store.UpdateJob(*r.job); }
  WriteResult operator()(const world::ResizeJob& r) const {
    return store.ResizeJob(r.job, r.uid, r.parallelism, r.completions);
  }
  WriteResult operator()(world::UpdateJobSetStatus& r) const {
    return store.UpdateJobSetStatus(r.jobset, r.uid, r.version, std::move(*r.status));
  }
  WriteResult operator()(const world::DeleteJobSet& r) const {
    return store.DeleteJobSet(r.jobset, r.uid, r.propagation);
  }
  WriteResult operator()(const world::RemoveJobSetFinalizer& r) const {
    return store.RemoveJobSetFinalizer(r.jobset, r.uid, r.finalizer);
  }
  WriteResult operator()(world::CreateService& r) const { return store.CreateService(std::move(*r.service)); }
  WriteResult operator()(const world::DeleteService& r) const { return store.DeleteService(r.service, r.uid); }
  WriteResult operator()(world::CreateClaim& r) const { return store.CreateClaim(std::move(*r.claim)); }
  WriteResult operator()(const world::DeleteClaim& r) const { return store.DeleteClaim(r.claim, r.uid); }
};

}  // namespace

void Store::Submit(world::Request&& request, world::Completion&& done) {
  done(std::visit(Serve{*this}, request));
}

}  // namespace reprieve::store
