// PodIndex: the Job that controls each pod, and the JobSet that it names: an array by slot, since every pod event looks
// here.
//
// One owner, the engine's thread.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "base/slot_table.h"
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
    JobState* job = nullptr;       // a null pointer if no Job controls it
    const void* owners = nullptr;  // the list of owners that said so
    JobSetPods* jobset = nullptr;  // a null pointer if it names none
  };

  // References hold until the next call.
  Entry& At(const core::Pod& pod) { return entries_[pod.slot]; }
  // Records the JobSet that the pod names; later changes of that label have no effect.
  void NoteJobSet(const core::Pod& pod);
  // Removes the entry of a deleted pod. DropFromJobSet must follow if it names a JobSet.
  Entry Take(const core::Pod& pod);
  void DropFromJobSet(const core::Pod& pod, JobSetPods& pods);
  // Null pointer if there are none.
  const JobSetPods* PodsOf(const meta::ObjectKey& jobset) const;

 private:
  SlotTable<Entry> entries_;
  std::map<meta::ObjectKey, std::unique_ptr<JobSetPods>> by_jobset_;
};

}  // namespace reprieve::engine
