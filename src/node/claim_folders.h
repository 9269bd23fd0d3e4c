// ClaimFolders: a folder on this machine for each PersistentVolumeClaim.
//
// A claim's folder outlives the run, so that the next run's pods find its content. One that is deleted together with
// its JobSet starts empty. Thread rules: one owner, the engine's thread; folders are removed on the janitor's.
#pragma once

#include <set>
#include <string>

#include "kubelet/volumes.h"
#include "model/core.h"
#include "node/janitor.h"

namespace reprieve::node {

class ClaimFolders {
 public:
  // Both must outlive it.
  ClaimFolders(const kubelet::VolumePlaces& places, Janitor& janitor) : places_(places), janitor_(janitor) {}

  // Creates the claim's folder if it does not exist. An error says what could not be created.
  Status ClaimChanged(const core::PersistentVolumeClaim& claim);
  void ClaimDeleted(const core::PersistentVolumeClaim& claim);

 private:
  void Retire(const core::PersistentVolumeClaim& claim);

  const kubelet::VolumePlaces& places_;
  Janitor& janitor_;
  std::set<meta::Uid> claims_;  // whose folders exist
};

}  // namespace reprieve::node
