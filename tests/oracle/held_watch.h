// HeldWatch: a controller's watch whose pod events can be held back and released in batches.
//
// A real controller reads its cache while later requests have already reached the server. One owner, no lock.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "world/watcher.h"

namespace reprieve::oracle {

class HeldWatch final : public world::Watcher {
 public:
  explicit HeldWatch(world::Watcher& downstream) : downstream_(downstream) {}

  // Holds back pod events from now on.
  void Hold() { holding_ = true; }
  // Ends a batch of held events.
  void Mark() { waiting_.push_back({nullptr, false}); }
  // Releases the next batch.
  void ReleasePortion();
  // Releases everything, and holds nothing back from now on.
  void ReleaseAll();

  void JobChanged(const batch::Job& job) override { downstream_.JobChanged(job); }
  void JobDeleted(const batch::Job& job) override { downstream_.JobDeleted(job); }
  void PodChanged(const core::Pod& pod) override { Take(pod, false); }
  void PodDeleted(const core::Pod& pod) override { Take(pod, true); }
  void JobSetChanged(const jobset::JobSet& jobset) override { downstream_.JobSetChanged(jobset); }
  void JobSetDeleted(const jobset::JobSet& jobset) override { downstream_.JobSetDeleted(jobset); }
  void ServiceChanged(const core::Service& service) override { downstream_.ServiceChanged(service); }
  void ServiceDeleted(const core::Service& service) override { downstream_.ServiceDeleted(service); }
  void ClaimChanged(const core::PersistentVolumeClaim& claim) override { downstream_.ClaimChanged(claim); }
  void ClaimDeleted(const core::PersistentVolumeClaim& claim) override { downstream_.ClaimDeleted(claim); }
  void NodeChanged(const core::Node& node) override { downstream_.NodeChanged(node); }

 private:
  struct Entry {
    std::unique_ptr<core::Pod> pod;  // null: the end of a batch
    bool deleted = false;
  };

  void Take(const core::Pod& pod, bool deleted);
  void Pass(const core::Pod& pod, bool deleted);

  world::Watcher& downstream_;
  bool holding_ = false;
  std::deque<Entry> waiting_;
  std::map<meta::Uid, std::unique_ptr<core::Pod>> cache_;  // downstream keeps pointers to these
};

}  // namespace reprieve::oracle
