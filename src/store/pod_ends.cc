#include "store/pod_ends.h"

namespace reprieve::store {
namespace {

void Fail(Store& store, const world::PodReference& pod) {
  store.UpdatePodStatus(pod, [](const core::Pod&, core::PodStatus& status) { status.phase = core::PodPhase::kFailed; });
}

}  // namespace

void DisruptPod(Store& store, const world::PodReference& pod, world::FaultKind fault) {
  // The pod, and whoever holds the reference, may go meanwhile.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const world::PodReference reference = pod;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(fault);
  store.MarkDisrupted(reference, condition.reason, condition.message);
  store.DeletePod(reference);
}

void FailPodOfLostNode(Store& store, const world::PodReference& pod) {
  // As above.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const world::PodReference reference = pod;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(world::FaultKind::kNodeLost);
  store.MarkDisrupted(reference, condition.reason, condition.message);
  Fail(store, reference);
  store.RemovePod(reference);
}

void CollectUnboundPod(Store& store, const core::Pod& pod) {
  const world::PodReference reference = world::ReferenceTo(pod);
  const bool ended = pod.IsTerminal();
  const bool deleting = pod.metadata.deleting();
  if (!ended) Fail(store, reference);
  if (deleting) store.RemovePod(reference);
}

}  // namespace reprieve::store
