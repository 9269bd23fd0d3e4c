#include "node/claim_folders.h"

#include <utility>

#include "base/text.h"

namespace reprieve::node {

Status ClaimFolders::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  const bool is_new = claims_.insert(claim.metadata.uid).second;
  // A claim that its controller deletes starts empty: what is there is left over from an earlier run.
  if (is_new && claim.metadata.Controller() != nullptr) Retire(claim);
  const Status made = kubelet::MakeClaimFolder(places_, meta::KeyOf(claim.metadata));
  if (made.ok()) return made;
  return Error{Cat("PersistentVolumeClaim ", claim.metadata.name, ": ", made.error().message)};
}

void ClaimFolders::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  claims_.erase(claim.metadata.uid);
  Retire(claim);
}

// Renames the folder at once, as a claim of the same name may follow; the janitor removes it later.
void ClaimFolders::Retire(const core::PersistentVolumeClaim& claim) {
  if (auto retired = kubelet::RetiredClaimFolder(places_, meta::KeyOf(claim.metadata), claim.metadata.uid)) {
    janitor_.Remove(std::move(*retired));
  }
}

}  // namespace reprieve::node
