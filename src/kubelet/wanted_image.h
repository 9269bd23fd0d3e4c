// From a container of a pod to the image that it wants, and to who pulls it: the pod's imagePullSecrets first, then the
// logins of this machine.
//
// Source: the kubelet's image manager; spec/images.md 2. Pure but for find_logins, which reads files and runs helpers.
#pragma once

#include <cstddef>
#include <string>

#include "kubelet/image_puller.h"
#include "kubelet/images.h"
#include "kubelet/machine_logins.h"
#include "kubelet/settings.h"
#include "model/core.h"

namespace reprieve::kubelet {

// Containers are numbered as in restart.h. Of `start` the caller sets pod and attempt. An image that stands for another
// by --image is pulled only if it is not there: the policy of the manifest is about its own. REQUIRES: it would run in
// an image (ImageMap::WouldRunInImage).
WantedImage WantedImageOf(const core::PodSpec& spec, std::size_t container, const std::string& name_space,
                          const Settings& settings, const MachineLoginPlaces& places, const ImageMap& images);

}  // namespace reprieve::kubelet
