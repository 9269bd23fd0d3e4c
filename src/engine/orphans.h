// Orphans: pods that nothing controls, and the Jobs that may adopt them. Each finds the other by a label of the
// selector, so that neither looks through all of the other kind.
//
// Source: spec/job.md 2.2, 2.5. One owner; no lock.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "model/batch.h"

namespace reprieve::engine {

class Orphans {
 public:
  // Of new pods and of those whose labels may have changed.
  void AddPod(const core::Pod& pod);
  void RemovePod(const core::Pod& pod);
  // Of new Jobs and of those whose spec may have changed.
  void AddJob(const batch::Job& job);
  void RemoveJob(const meta::Uid& uid);

  // Orphans that the Job's selector matches, by name.
  std::vector<const core::Pod*> PodsFor(const batch::Job& job) const;
  // The UIDs of Jobs in whose namespace the pod is, and which may select it: their selectors are still to be asked.
  std::vector<meta::Uid> JobsFor(const core::Pod& pod) const;
  // Orphans with the tracking finalizer, by name.
  std::vector<const core::Pod*> Tracked() const;
  bool HasPods() const { return !terms_.empty(); }

 private:
  // A label in a namespace; without a key, every pod of that namespace has it.
  struct Term {
    SharedString namespace_, key, value;
    auto operator<=>(const Term&) const = default;
  };
  struct ByName {
    bool operator()(const core::Pod* a, const core::Pod* b) const {
      return a->metadata.name != b->metadata.name ? a->metadata.name < b->metadata.name
                                                  : a->metadata.namespace_ < b->metadata.namespace_;
    }
  };

  static std::vector<Term> TermsOf(const core::Pod& pod);
  // One that all pods have that the selector matches.
  static Term TermOf(const batch::Job& job);

  std::map<const core::Pod*, std::vector<Term>> terms_;  // that a pod is found by; of all orphans
  std::map<Term, std::set<const core::Pod*, ByName>> pods_;
  std::set<const core::Pod*, ByName> tracked_;
  std::map<meta::Uid, Term> term_of_job_;
  std::map<Term, std::set<meta::Uid>> jobs_;
};

// The Job's selector matches the pod.
bool Selects(const batch::Job& job, const core::Pod& pod);

}  // namespace reprieve::engine
