// What the components of a cluster ask of the API server to end a pod, for the worlds that have no such components.
//
// Source: spec/job.md 4.3, 4.6: the condition first, then the deletion. On the engine's thread.
#pragma once

#include "store/store.h"
#include "world/incident.h"

namespace reprieve::store {

// The scheduler, the taint managers and the Eviction API: the kubelet ends it then.
void DisruptPod(Store& store, const world::PodReference& pod, world::FaultKind fault);

// The pod garbage collector, of a pod whose node is gone: its containers' states stay as they were told last.
void FailPodOfLostNode(Store& store, const world::PodReference& pod);

// The same, of a pod that has never been on a node: it is failed if it has not ended, and goes if it is being deleted.
void CollectUnboundPod(Store& store, const core::Pod& pod);

}  // namespace reprieve::store
