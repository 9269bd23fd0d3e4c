// A pod's volumes: emptyDir, hostPath, claims, and those of files (volume_files.h). They are made when the pod starts,
// and given to its fsGroup.
//
// Source: the API's volume sources; the kubelet's checks of a hostPath's type. Errors say what a user can change; they
// make the pod's containers wait. Thread rules: one owner, the engine's thread; it does a little file I/O there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kubelet/downward.h"
#include "kubelet/expand.h"
#include "kubelet/settings.h"
#include "model/core.h"
#include "runtime/runtime.h"

namespace reprieve::kubelet {

// Where pods keep things that go with them.
struct VolumePlaces {
  std::string disk;    // emptyDir, ConfigMaps
  std::string memory;  // emptyDir with medium Memory, Secrets; on a tmpfs, if the machine has one
  std::string claims;  // PersistentVolumeClaims: a folder each, kept
};

// Where what a claim keeps is kept.
std::string ClaimFolder(const VolumePlaces& places, const meta::ObjectKey& claim);
Status MakeClaimFolder(const VolumePlaces& places, const meta::ObjectKey& claim);
// Moves that folder to a name that no claim has, to be removed; nothing if there is none. `uid`: of the claim.
std::optional<std::string> RetiredClaimFolder(const VolumePlaces& places, const meta::ObjectKey& claim,
                                              std::string_view uid);

class PodVolumes {
 public:
  // One that may hold so much; the pod is evicted when it holds more.
  struct Limited {
    std::string volume;
    std::string path;
    std::int64_t bytes = 0;
    std::string as_written;
  };

  // Makes what there is to make. On an error nothing is left.
  static Result<PodVolumes> Make(const PodFacts& facts, const VolumePlaces& places, const Settings& settings);

  // `variables`: for subPathExpr.
  Result<std::vector<runtime::Mount>> MountsOf(const core::Container& container, const Variables& variables) const;
  // What is to be removed with the pod.
  const std::vector<std::string>& directories() const { return directories_; }
  // Those in memory that root has made no larger are full instead.
  const std::vector<Limited>& limited() const { return limited_; }
  // Where it is on this machine; empty: there is none of that name.
  std::string PathOf(const std::string& volume) const;
  // Before the directories are removed.
  void Unmount() const;

 private:
  class Maker;
  struct Place {
    std::string path;
    bool read_only = false;
  };
  std::map<std::string, Place> places_;
  std::vector<std::string> directories_;
  std::vector<std::string> mounted_;
  std::vector<Limited> limited_;
};

// Every mount without its volume, or of what lies outside it; one clear sentence each. (Kinds of volumes that `run`
// cannot provide: field_support.h.)
std::vector<std::string> UnsupportedMounts(const core::PodSpec& spec);

}  // namespace reprieve::kubelet
