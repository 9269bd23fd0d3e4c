#include "node/claim_folders.h"

#include <utility>

#include "base/text.h"

namespace reprieve::node {

Status ClaimFolders::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  const bool is_new = claims_.insert(claim.metadata.uid).second;
  // A controller deletes it with itself: what is there is left from an earlier run.
  if (is_new && claim.metadata.Controller() != nullptr) Retire(claim);
  const Status made = kubelet::MakeClaimFolder(places_, meta::KeyOf(claim.metadata));
  if (made.ok()) return made;
  return Error{Cat("PersistentVolumeClaim ", claim.metadata.name, ": ", made.error().message)};
}

void ClaimFolders::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  claims_.erase(claim.metadata.uid);
  Retire(claim);
}

// Out of the way at once, since a claim of the same name may come next; removed when there is time.
void ClaimFolders::Retire(const core::PersistentVolumeClaim& claim) {
  if (auto retired = kubelet::RetiredClaimFolder(places_, meta::KeyOf(claim.metadata), claim.metadata.uid)) {
    janitor_.Remove(std::move(*retired));
  }
}

}  // namespace reprieve::node
