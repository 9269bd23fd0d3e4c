// Watcher: who is told what has changed in a world. Called on the engine's thread.
#pragma once

#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::world {

// The object stays at its address, and as it is, until the next call about it; after a Deleted call it is gone.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void JobChanged(const batch::Job& job) = 0;  // added or modified
  virtual void JobDeleted(const batch::Job& job) = 0;
  virtual void PodChanged(const core::Pod& pod) = 0;  // added or modified
  virtual void PodDeleted(const core::Pod& pod) = 0;
  // Who cares only for Jobs and pods leaves these as they are.
  virtual void JobSetChanged(const jobset::JobSet&) {}
  virtual void JobSetDeleted(const jobset::JobSet&) {}
  virtual void ServiceChanged(const core::Service&) {}
  virtual void ServiceDeleted(const core::Service&) {}
  virtual void ClaimChanged(const core::PersistentVolumeClaim&) {}
  virtual void ClaimDeleted(const core::PersistentVolumeClaim&) {}
  virtual void NodeChanged(const core::Node&) {}
};

}  // namespace reprieve::world
