#include "sim/scripted_kubelet.h"

#include <algorithm>

namespace reprieve::sim {
namespace {

void SetReady(core::PodStatus& status, bool ready, std::string_view reason, Time now) {
  auto condition = std::find_if(status.conditions.begin(), status.conditions.end(),
                                [](const core::PodCondition& c) { return c.type == core::kReadyCondition; });
  if (condition == status.conditions.end()) {
    condition = status.conditions.insert(condition, core::PodCondition());
    condition->type = core::kReadyCondition;
  }
  condition->status = ready ? "True" : "False";
  condition->reason = reason;
  condition->last_transition_time = TruncateToSeconds(now);
}

void StartContainers(const core::Pod& pod, Time now, core::PodStatus& status) {
  status.phase = core::PodPhase::kRunning;
  status.start_time = TruncateToSeconds(now);
  status.container_statuses.clear();
  status.container_statuses.reserve(pod.spec->containers.size());
  for (const core::Container& container : pod.spec->containers) {
    core::ContainerStatus& started = status.container_statuses.emplace_back();
    started.name = container.name;
    started.image = container.image;
    started.ready = true;
    started.started = true;
    started.state.running.emplace().started_at = TruncateToSeconds(now);
  }
  SetReady(status, true, "", now);
}

}  // namespace

void EndContainers(const core::Pod& pod, std::int32_t exit_code, Time now, core::PodStatus& status) {
  status.phase = exit_code == 0 ? core::PodPhase::kSucceeded : core::PodPhase::kFailed;
  if (status.container_statuses.empty()) StartContainers(pod, now, status);
  status.phase = exit_code == 0 ? core::PodPhase::kSucceeded : core::PodPhase::kFailed;
  for (core::ContainerStatus& container : status.container_statuses) {
    core::ContainerStateTerminated ended;
    ended.exit_code = exit_code;
    ended.reason = exit_code == 0 ? "Completed" : "Error";
    if (container.state.running) ended.started_at = container.state.running->started_at;
    ended.finished_at = TruncateToSeconds(now);
    container.state = {};
    container.state.terminated = std::move(ended);
    container.ready = false;
    container.started = false;
  }
  SetReady(status, false, exit_code == 0 ? "PodCompleted" : "PodFailed", now);
}

ScriptedKubelet::ScriptedKubelet(Simulation& simulation, Writer write, DeletionScript deletion)
    : simulation_(simulation), write_(std::move(write)), deletion_(deletion) {
  simulation_.store().AddWatcher(this);
}

ScriptedKubelet::~ScriptedKubelet() {
  simulation_.store().RemoveWatcher(this);
}

void ScriptedKubelet::PodChanged(const core::Pod& pod) {
  const auto known = seen_.find(&pod);
  if (known == seen_.end()) {
    Play(pod);
  } else if (pod.metadata.deleting() && !pod.node_name.empty() && terminating_.insert(&pod).second) {
    Terminate(pod, known->second);
  }
}

void ScriptedKubelet::PodDeleted(const core::Pod& pod) {
  seen_.erase(&pod);
  terminating_.erase(&pod);
}

void ScriptedKubelet::Play(const core::Pod& pod) {
  PodScript script = write_(pod);
  seen_.emplace(&pod, script.deletion.value_or(deletion_));
  // One life, shared by what happens in it.
  struct Life {
    world::PodReference pod;
    PodScript script;
  };
  const auto life = std::make_shared<const Life>(Life{world::ReferenceTo(pod), std::move(script)});
  if (life->script.bound) {
    simulation_.After(*life->script.bound, [this, life] { simulation_.store().BindPod(life->pod, life->script.node); });
  }
  if (life->script.running) {
    simulation_.After(*life->script.running, [this, life] { Start(life->pod); });
  }
  if (life->script.ended) {
    simulation_.After(*life->script.ended, [this, life] { End(life->pod, life->script); });
  }
}

void ScriptedKubelet::Start(const world::PodReference& reference) {
  simulation_.store().UpdatePodStatus(reference, [this](const core::Pod& pod, core::PodStatus& status) {
    if (status.phase == core::PodPhase::kPending) StartContainers(pod, simulation_.Now(), status);
  });
}

void ScriptedKubelet::End(const world::PodReference& reference, const PodScript& script) {
  simulation_.store().UpdatePodStatus(reference, [&script](const core::Pod& pod, core::PodStatus& status) {
    // Of a pod that is being deleted, its termination says how it ends.
    if (!pod.IsTerminal() && !pod.metadata.deleting()) script.end(pod, status);
  });
}

void ScriptedKubelet::Terminate(const core::Pod& pod, DeletionScript deletion) {
  const world::PodReference reference = world::ReferenceTo(pod);
  simulation_.After(deletion.takes, [this, reference, deletion] {
    store::Store& store = simulation_.store();
    const core::Pod* now = store.FindPod({reference.namespace_, reference.name});
    if (now == nullptr || now->metadata.uid != reference.uid) return;
    if (!now->IsTerminal()) {
      store.UpdatePodStatus(reference, [&](const core::Pod& pod_now, core::PodStatus& status) {
        EndContainers(pod_now, deletion.exit_code, simulation_.Now(), status);
      });
    }
    store.RemovePod(reference);
  });
}

}  // namespace reprieve::sim
