// OverdueLoop: the engine's part for pods that stay Terminating or Pending for too long (controllers/overdue_pod.h).
//
// The engine owns it, tells it what the world reports, and calls Run when the work queue says so. One thread.
// Costs nothing while no JobSet sets a limit; pods that do not change after it has been set are not held to it.
#pragma once

#include <map>
#include <unordered_map>

#include "engine/loop_context.h"
#include "engine/pod_index.h"
#include "model/jobset_extensions.h"

namespace reprieve::engine {

class OverdueLoop {
 public:
  OverdueLoop(LoopContext& context, const PodIndex& pods) : context_(context), pods_(pods) {}

  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset);
  // Of pods that name a JobSet.
  void PodChanged(const core::Pod& pod, const JobSetPods& pods);
  void PodDeleted(const core::Pod& pod);
  void Run(const SharedString& uid);

 private:
  // A pod that waits for its time.
  struct Watched {
    const core::Pod* pod = nullptr;
    meta::ObjectKey jobset;
    bool deleting = false;
    Time seen{};        // when it was first seen so
    bool lost = false;  // it is being taken as lost, or has been; the watch will show it
  };

  void Watch(const core::Pod& pod, const meta::ObjectKey& jobset, const jobset::Extensions& limits);
  void Unwatch(const meta::Uid& uid);
  void Reported(const meta::Uid& uid, const world::PlanReport& report);

  LoopContext& context_;
  const PodIndex& pods_;
  std::map<meta::ObjectKey, jobset::Extensions> limits_;  // of JobSets that set one
  std::unordered_map<meta::Uid, Watched> watched_;        // by UID
  std::unordered_map<meta::Uid, world::Plan> in_flight_;  // likewise
};

}  // namespace reprieve::engine
