// HeldWatch: a controller's watch whose events of pods can be kept back, and let through in portions.
//
// A real controller looks at its cache while the next requests have reached the server already. One owner; no lock.
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

  // From now on events of pods wait.
  void Hold() { holding_ = true; }
  // Ends a portion of waiting events.
  void Mark() { waiting_.push_back({nullptr, false}); }
  // Lets the next portion through.
  void ReleasePortion();
  // Lets everything through, from now on at once.
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
    std::unique_ptr<core::Pod> pod;  // null: the end of a portion
    bool deleted = false;
  };

  void Take(const core::Pod& pod, bool deleted);
  void Pass(const core::Pod& pod, bool deleted);

  world::Watcher& downstream_;
  bool holding_ = false;
  std::deque<Entry> waiting_;
  std::map<meta::Uid, std::unique_ptr<core::Pod>> cache_;  // the addresses that downstream knows
};

}  // namespace reprieve::oracle
