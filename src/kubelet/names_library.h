// Host names for pods that can't have their own /etc/hosts: nss_wrapper, a library preloaded into their programs, looks
// names up in a file of ours first, and makes gethostname return the pod's.
//
// It works for programs that use the C library's resolver: not for static ones, nor for those that query DNS
// themselves. Source: nss_wrapper 1.1.12. Thread rules: any thread; FindNamesLibrary reads the file system.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace reprieve::kubelet {

// The library, in the directory of the machine's C library; nullopt if it is not installed.
std::optional<std::string> FindNamesLibrary();

// Adds the variables that preload the library and point it to `hosts_file`. A container that sets nss_wrapper's hosts
// file itself is left alone; other libraries that it preloads stay, and come first.
void PreloadNames(const std::string& library, const std::string& hosts_file, const std::string& hostname,
                  std::vector<std::string>& environment);

}  // namespace reprieve::kubelet
