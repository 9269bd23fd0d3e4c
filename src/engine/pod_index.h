// PodIndex: for each pod whose it is: the Job that controls it, and the JobSet that it names. One array by slot, which
// every event of a pod passes.
//
// One owner, the engine's thread.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "base/slots.h"
#include "model/jobset.h"

namespace reprieve::engine {

struct JobState;

// Pods that carry the name of one JobSet, whether or not that is there.
struct JobSetPods {
  struct BySlot {
    bool operator()(const core::Pod* a, const core::Pod* b) const { return a->slot < b->slot; }
  };
  meta::ObjectKey jobset;
  std::set<const core::Pod*, BySlot> pods;
};

class PodIndex {
 public:
  struct Entry {
    JobState* job = nullptr;      // a null pointer if no Job controls it
    const void* owners = nullptr;  // the list of owners that said so
    JobSetPods* jobset = nullptr;  // a null pointer if it names none
  };

  // References hold until the next call.
  Entry& At(const core::Pod& pod) { return entries_[pod.slot]; }
  // Once it names a JobSet, it is taken as one of that for good.
  void NoteJobSet(const core::Pod& pod);
  // What was known of the pod, which is gone. The JobSet's pods have to be told by DropFromJobSet.
  Entry Take(const core::Pod& pod);
  void DropFromJobSet(const core::Pod& pod, JobSetPods& pods);
  // Null pointer if there are none.
  const JobSetPods* PodsOf(const meta::ObjectKey& jobset) const;

 private:
  SlotMap<Entry> entries_;
  std::map<meta::ObjectKey, std::unique_ptr<JobSetPods>> by_jobset_;
};

}  // namespace reprieve::engine
