// RegistryKeyring: which logins fit an image, as a kubelet finds them.
//
// A location is a host, maybe with a port and the beginning of a path: registry.example.com, *.example.com:5000,
// quay.io/team, https://index.docker.io/v1/. Of several that fit, the more specific comes first. Source: the kubelet's
// credential provider; spec/images.md 2. Plain value.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/image_service.h"

namespace reprieve::kubelet {

class RegistryKeyring {
 public:
  // A later login of the same location comes after the earlier one.
  void Add(std::string_view location, runtime::RegistryLogin login);
  // `name`: ImageReference::Name. In the order in which they are tried.
  std::vector<runtime::RegistryLogin> Lookup(std::string_view name) const;
  bool empty() const { return logins_.empty(); }

 private:
  // The last in the order of text is the most specific of those that begin alike.
  std::map<std::string, std::vector<runtime::RegistryLogin>, std::greater<>> logins_;
};

}  // namespace reprieve::kubelet
