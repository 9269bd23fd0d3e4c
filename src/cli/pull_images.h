// Which images the manifests need, and pulling them all.
//
// One owner, the thread that calls; Ctrl-C wakes it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/load.h"
#include "cli/run_output.h"
#include "kubelet/image_puller.h"
#include "kubelet/images.h"
#include "kubelet/settings.h"
#include "runtime/image_service.h"

namespace reprieve::cli {

// Each image once for each policy and set of logins. `mapped`: containers that run as this machine's programs need
// none.
std::vector<kubelet::WantedImage> ImagesOf(const Loaded& loaded, const kubelet::Settings& settings,
                                           const kubelet::ImageMap& mapped);

enum class PullEnd : std::uint8_t { kAllThere, kSomeMissing, kBrokenOff };

// Pulls what is not there, or what is to be looked for always, and tells of each image. Nothing is tried twice: whoever
// waits for it can.
PullEnd PullAll(std::vector<kubelet::WantedImage> wanted, runtime::ImageService& images, const world::Clock& clock,
                RunOutput& out);

}  // namespace reprieve::cli
