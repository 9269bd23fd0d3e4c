// Gives a volume to the pod's fsGroup.
//
// Source: the API's PodSecurityContext; the kubelet's SetVolumeOwnership: the group owns everything, may read and write
// it (read it, where the volume is read-only), enter directories, and new files in them are its own. Follows no link.
// Needs root, or to be in that group. Thread rules: any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace reprieve::kubelet {

struct VolumeOwnership {
  std::uint32_t group = 0;
  bool read_only = false;
  // Nothing is changed if the volume's own directory is as it should be.
  bool only_on_mismatch = false;
};

Status GiveToGroup(const std::string& directory, const VolumeOwnership& ownership);

}  // namespace reprieve::kubelet
