// Machine: binds pods to nodes, as kube-scheduler does, and admits them, as a kubelet does.
#include <utility>

#include "kubelet/pod_phase.h"
#include "node/machine.h"
#include "store/pod_ends.h"

namespace reprieve::node {

bool Machine::PlaceWaiting() {
  bool any = false;
  while (!stopping_) {
    const auto placed = placement_.PlaceNext();
    if (!placed) break;
    any = true;
    PodRecord& record = *records_.at(placed->pod);
    record.waits_for_place = false;
    writing_ = true;
    const world::WriteResult bound = store_.BindPod(record.reference, placed->node->name);
    writing_ = false;
    if (!bound.ok()) {
      // It is gone, or something else has bound it; the store's next report about it decides.
      placement_.Remove(placed->pod);
      if (record.pod == nullptr) {
        Drop(record);
      } else {
        Touch(record);
      }
      continue;
    }
    SettleOnNode(record, *placed->node, placed->gpus);
  }
  TellRefused();
  return any;
}

void Machine::TellRefused() {
  const Time now = clock_.Now();
  for (const scheduler::Placement::Refused& refused : placement_.TakeRefused()) {
    const auto at = records_.find(refused.pod);
    if (at == records_.end() || !at->second->waits_for_place) continue;
    writing_ = true;
    store_.UpdatePodStatus(at->second->reference, [&](const core::Pod&, core::PodStatus& status) {
      kubelet::SetCondition("PodScheduled", false, "Unschedulable", refused.message, now, status);
    });
    writing_ = false;
  }
}

bool Machine::Admit(PodRecord& record) {
  if (record.worker) return true;
  if (record.pod == nullptr) {
    Drop(record);
    return false;
  }
  const core::Pod& pod = *record.pod;
  if (pod.metadata.deleting() || pod.IsTerminal()) {
    // It has never run: on a cluster the pod garbage collector does this (spec/job.md 4.6).
    Drop(record);
    writing_ = true;
    store::CollectUnboundPod(store_, pod);
    writing_ = false;
    return false;
  }
  if (stopping_) return false;
  if (!pod.node_name.empty()) {
    const scheduler::Node* node = placement_.FindNode(pod.node_name.str());
    if (node == nullptr) {
      Drop(record);
      return false;
    }
    if (std::exchange(record.waits_for_place, false)) placement_.Remove(record.number);
    SettleOnNode(record, *node, placement_.Take(record.number, pod, *node));
    return true;
  }
  if (!std::exchange(record.waits_for_place, true)) placement_.Add(record.number, pod);
  return false;
}

void Machine::SettleOnNode(PodRecord& record, const scheduler::Node& node, std::vector<int> gpus) {
  record.node = &node;
  record.gpus = std::move(gpus);
  setup_.Assign(record);
  record.containers.assign(kubelet::ContainerCount(*record.spec), kNoContainer);
  record.worker.emplace(kubelet::PodWorker::Identity{record.reference.namespace_.str(), record.reference.name.str(),
                                                     record.reference.uid.str()},
                        record.spec, clock_.Now(), options_.restart_backoff);
  ++running_;
  Touch(record);
}

}  // namespace reprieve::node
