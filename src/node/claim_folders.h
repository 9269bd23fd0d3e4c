// ClaimFolders: a folder of this machine for each PersistentVolumeClaim.
//
// A claim's folder stays when the run is over: what pods keep there is what they begin with next time. One that a
// JobSet deletes with itself begins empty. Thread rules: one owner, the engine's thread; folders are removed on the
// janitor's.
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

  // Makes the claim's folder if it is not there. An error says what could not be made.
  Status ClaimChanged(const core::PersistentVolumeClaim& claim);
  void ClaimDeleted(const core::PersistentVolumeClaim& claim);

 private:
  void Retire(const core::PersistentVolumeClaim& claim);

  const kubelet::VolumePlaces& places_;
  Janitor& janitor_;
  std::set<meta::Uid> claims_;  // that are there
};

}  // namespace reprieve::node
