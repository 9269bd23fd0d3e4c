// The image of the container that holds a pod's namespaces: reprieve-init alone, as an archive that an engine loads.
// Nothing is pulled for it.
//
// Source: the format of `docker save` (manifest.json, one layer); POSIX ustar. Pure; safe from any thread.
#pragma once

#include <string>

namespace reprieve::runtime::docker {

// Another name for every other content, so that an image that is there is the right one.
const std::string& SandboxImageName();

// For POST /images/load.
std::string SandboxImageArchive();

}  // namespace reprieve::runtime::docker
