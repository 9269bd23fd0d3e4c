#include "sim/scripted_kubelet.h"

#include <algorithm>
#include <utility>

namespace reprieve::sim {
namespace {

void SetReady(core::PodStatus& status, bool ready, SharedString reason, Time now) {
  auto condition = std::find_if(status.conditions.begin(), status.conditions.end(),
                                [](const core::PodCondition& c) { return c.type == core::kReadyCondition; });
  if (condition == status.conditions.end()) {
    condition = status.conditions.insert(condition, core::PodCondition());
    condition->type = "Ready"_shared;
  }
  condition->status = ready ? "True"_shared : "False"_shared;
  condition->reason = std::move(reason);
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
  SetReady(status, true, {}, now);
}

}  // namespace

void EndContainers(const core::Pod& pod, std::int32_t exit_code, Time now, core::PodStatus& status) {
  status.phase = exit_code == 0 ? core::PodPhase::kSucceeded : core::PodPhase::kFailed;
  if (status.container_statuses.empty()) StartContainers(pod, now, status);
  status.phase = exit_code == 0 ? core::PodPhase::kSucceeded : core::PodPhase::kFailed;
  for (core::ContainerStatus& container : status.container_statuses) {
    core::ContainerStateTerminated ended;
    ended.exit_code = exit_code;
    ended.reason = exit_code == 0 ? "Completed"_shared : "Error"_shared;
    if (container.state.running) ended.started_at = container.state.running->started_at;
    ended.finished_at = TruncateToSeconds(now);
    container.state = {};
    container.state.terminated = std::move(ended);
    container.ready = false;
    container.started = false;
  }
  SetReady(status, false, exit_code == 0 ? "PodCompleted"_shared : "PodFailed"_shared, now);
}

ScriptedKubelet::ScriptedKubelet(Simulation& simulation, Writer write, DeletionScript deletion)
    : simulation_(simulation), write_(std::move(write)), deletion_(deletion) {
  simulation_.store().AddWatcher(this);
}

ScriptedKubelet::~ScriptedKubelet() {
  simulation_.store().RemoveWatcher(this);
}

void ScriptedKubelet::PodChanged(const core::Pod& pod) {
  Known& known = lives_[pod.slot];
  if (!known.played) return Play(pod);
  if (known.life == nullptr) return;
  Life& life = *known.life;
  if (pod.IsTerminal() && life.due == 0 && !life.terminating) {
    // Nothing happens to it any more: what has ended is deleted at once.
    known.life.reset();
    return;
  }
  if (!pod.metadata.deleting() || pod.node_name.empty() || life.terminating) return;
  life.terminating = true;
  Note(life, Act::kRemove, DeletionOf(life).takes);
}

void ScriptedKubelet::PodDeleted(const core::Pod& pod) {
  std::unique_ptr<Life> life = std::exchange(lives_[pod.slot], {}).life;
  if (life == nullptr) return;
  life->gone = true;
  if (life->due == 0) return;
  const Life* key = life.get();
  remains_.emplace(key, std::move(life));
}

void ScriptedKubelet::Play(const core::Pod& pod) {
  auto made = std::make_unique<Life>();
  Life& life = *made;
  life.pod = world::ReferenceTo(pod);
  life.script = write_(pod);
  lives_[pod.slot] = {true, std::move(made)};
  if (life.script.bound) Note(life, Act::kBind, *life.script.bound);
  if (life.script.running) Note(life, Act::kStart, *life.script.running);
  if (life.script.ended) Note(life, Act::kEnd, *life.script.ended);
}

void ScriptedKubelet::Note(Life& life, Act act, Nanoseconds after) {
  ++life.due;
  // No more than std::function holds without an allocation.
  switch (act) {
    case Act::kBind:
      return simulation_.After(after, [this, at = &life] { Do(*at, Act::kBind); });
    case Act::kStart:
      return simulation_.After(after, [this, at = &life] { Do(*at, Act::kStart); });
    case Act::kEnd:
      return simulation_.After(after, [this, at = &life] { Do(*at, Act::kEnd); });
    case Act::kRemove:
      return simulation_.After(after, [this, at = &life] { Do(*at, Act::kRemove); });
  }
}

void ScriptedKubelet::Do(Life& life, Act act) {
  switch (act) {
    case Act::kBind:
      simulation_.store().BindPod(life.pod, life.script.node);
      break;
    case Act::kStart:
      Start(life.pod);
      break;
    case Act::kEnd:
      End(life);
      break;
    case Act::kRemove:
      Remove(life);
      break;
  }
  if (--life.due == 0 && life.gone) remains_.erase(&life);
}

void ScriptedKubelet::Start(const world::PodReference& reference) {
  simulation_.store().UpdatePodStatus(reference, [this](const core::Pod& pod, core::PodStatus& status) {
    if (status.phase == core::PodPhase::kPending) StartContainers(pod, simulation_.Now(), status);
  });
}

void ScriptedKubelet::End(const Life& life) {
  simulation_.store().UpdatePodStatus(life.pod, [&life](const core::Pod& pod, core::PodStatus& status) {
    // Of a pod that is being deleted, its termination says how it ends.
    if (!pod.IsTerminal() && !pod.metadata.deleting()) life.script.end(pod, status);
  });
}

void ScriptedKubelet::Remove(const Life& life) {
  store::Store& store = simulation_.store();
  const core::Pod* now = store.FindPod({life.pod.namespace_, life.pod.name});
  if (now == nullptr || now->metadata.uid != life.pod.uid) return;
  if (!now->IsTerminal()) {
    store.UpdatePodStatus(life.pod, [&](const core::Pod& pod_now, core::PodStatus& status) {
      EndContainers(pod_now, DeletionOf(life).exit_code, simulation_.Now(), status);
    });
  }
  store.RemovePod(life.pod);
}

}  // namespace reprieve::sim
