#include "sim/scripted_kubelet.h"

#include <utility>

namespace reprieve::sim {
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
    // It has ended, so its deletion takes effect at once.
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
    if (status.phase == core::PodPhase::kPending) changes_.Start(pod, simulation_.Now(), status);
  });
}

void ScriptedKubelet::End(const Life& life) {
  simulation_.store().UpdatePodStatus(life.pod, [this, &life](const core::Pod& pod, core::PodStatus& status) {
    // Of a pod that is being deleted, its termination says how it ends.
    if (pod.IsTerminal() || pod.metadata.deleting()) return;
    if (life.script.end) return life.script.end(pod, status);
    changes_.End(pod, life.script.exit_code, simulation_.Now(), status);
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
