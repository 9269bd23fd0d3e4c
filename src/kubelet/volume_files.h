// Volumes that are filled with files before a container starts: ConfigMaps, Secrets, the downward API, and what is
// projected from several of them.
//
// Source: the API's volume sources; the kubelet's atomic writer: files stand in a dated directory, `..data` is a link
// to that, and each name in the volume a link through it. Errors have the kubelet's words. Gathering is pure; writing
// follows no link.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kubelet/downward.h"
#include "kubelet/settings.h"
#include "model/core.h"

namespace reprieve::kubelet {

struct VolumeFile {
  std::string bytes;
  mode_t mode = 0;
};
// By their path in the volume.
using VolumeFiles = std::map<std::string, VolumeFile>;

// Whether it is one of those volumes.
bool IsOfFiles(const core::Volume& volume);
// REQUIRES: IsOfFiles.
Result<VolumeFiles> FilesOf(const core::Volume& volume, const PodFacts& facts, const Settings& settings);

// `directory` exists and is empty.
Status WriteVolumeFiles(const std::string& directory, const VolumeFiles& files);

// Relative, and nowhere above where it begins.
bool StaysBelow(std::string_view path);

}  // namespace reprieve::kubelet
