// Names for pods that can be shown no /etc/hosts of their own: nss_wrapper, a library preloaded into their programs,
// looks names up in a file of ours first, and answers gethostname with the pod's.
//
// It serves programs that use the C library's resolver: not static ones, nor those that ask a name server themselves.
// Source: nss_wrapper 1.1.12.  Thread rules: any thread; Find looks at the machine's files.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace reprieve::kubelet {

// The library beside the C library that programs of this machine use; nothing if it is not installed.
std::optional<std::string> FindNamesLibrary();

// Adds to KEY=VALUE variables what lets the library find `hosts_file`. A container that uses nss_wrapper for hosts
// itself keeps its own; other libraries that it preloads stay, and come first.
void PreloadNames(const std::string& library, const std::string& hosts_file, const std::string& hostname,
                  std::vector<std::string>& environment);

}  // namespace reprieve::kubelet
