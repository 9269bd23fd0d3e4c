// What it makes of a pod's status that its containers start, or end.
//
// Source: spec/job.md 4.2, 4.7. One owner, the simulation's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "model/core.h"

namespace reprieve::sim {

// Every container of `pod` runs, and is ready, since `now`.
void StartContainers(const core::Pod& pod, Time now, core::PodStatus& status);
// Every container of `pod` ended so at `now`; the phase follows.
void EndContainers(const core::Pod& pod, std::int32_t exit_code, Time now, core::PodStatus& status);

// The same for pods that come in waves: the newest change is kept, and a pod that changes alike shares its lists.
class ContainerChanges {
 public:
  void Start(const core::Pod& pod, Time now, core::PodStatus& status);
  void End(const core::Pod& pod, std::int32_t exit_code, Time now, core::PodStatus& status);

 private:
  struct Change {
    std::shared_ptr<const core::PodSpec> spec;
    std::int32_t exit_code = 0;
    Time at = Time::min();  // never
    core::PodStatus before, after;
  };
  // `change` holds what became of a status like `status`, and `status` becomes that; false if it does not.
  static bool Repeat(const Change& change, const core::Pod& pod, std::int32_t exit_code, Time now,
                     core::PodStatus& status);

  Change start_, end_;
};

}  // namespace reprieve::sim
