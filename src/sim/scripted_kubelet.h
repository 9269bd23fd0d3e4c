// ScriptedKubelet: plays scheduler and kubelet by a script: when each pod is bound, runs and ends, and how.
//
// Source: spec/job.md 4.7 lists what it can do. One owner, the simulation's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/flat_hash.h"
#include "base/slot_table.h"
#include "sim/container_changes.h"
#include "sim/simulation.h"
#include "world/watcher.h"

namespace reprieve::sim {

// How a pod that is deleted while it runs ends: after that long, with that code, and then the object is removed.
struct DeletionScript {
  Nanoseconds takes = Seconds(2);
  std::int32_t exit_code = 143;
};

// The life of one pod, in durations from its creation. What has no time never happens.
struct PodScript {
  std::optional<Nanoseconds> bound;    // to `node`
  std::optional<Nanoseconds> running;  // and ready
  std::optional<Nanoseconds> ended;
  SharedString node = "n0"_shared;
  std::int32_t exit_code = 0;  // every container ends with it
  // Edits the status at the end instead: phase, container statuses, conditions.
  std::function<void(const core::Pod& pod, core::PodStatus& status)> end;
  std::optional<DeletionScript> deletion;  // absent: as the kubelet does it with all pods
};

class ScriptedKubelet final : public world::Watcher {
 public:
  using Writer = std::function<PodScript(const core::Pod&)>;

  // `write` gives the script of each pod, once, at its creation.
  ScriptedKubelet(Simulation& simulation, Writer write, DeletionScript deletion = {});
  ~ScriptedKubelet() override;

  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

 private:
  // What is still to happen to a pod.
  struct Life {
    world::PodReference pod;
    PodScript script;
    std::int32_t due = 0;      // actions of it on the agenda
    bool terminating = false;  // its deletion has been seen
    bool gone = false;         // there is no such pod any more
  };
  enum class Act : std::uint8_t { kBind, kStart, kEnd, kRemove };

  void Play(const core::Pod& pod);
  void Note(Life& life, Act act, Nanoseconds after);
  void Do(Life& life, Act act);
  void Start(const world::PodReference& pod);
  void End(const Life& life);
  void Remove(const Life& life);
  DeletionScript DeletionOf(const Life& life) const { return life.script.deletion.value_or(deletion_); }

  Simulation& simulation_;
  Writer write_;
  DeletionScript deletion_;
  ContainerChanges changes_;
  struct Known {
    bool played = false;         // its script is written
    std::unique_ptr<Life> life;  // null pointer: it has ended
  };
  SlotTable<Known> lives_;
  // Of pods that are gone, with something still on the agenda.
  FlatMap<const Life*, std::unique_ptr<Life>> remains_;
};

}  // namespace reprieve::sim
