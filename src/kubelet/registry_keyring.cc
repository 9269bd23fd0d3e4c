#include "kubelet/registry_keyring.h"

#include <utility>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

// Where Docker's own registry keeps its logins, without scheme and version.
constexpr std::string_view kHubKey = "index.docker.io";

// Without scheme, query and version of the API: HOST or HOST/PATH.
std::string KeyOf(std::string_view location) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (location.starts_with(scheme)) location.remove_prefix(scheme.size());
  }
  location = location.substr(0, location.find_first_of("?#"));
  const std::string_view host = location.substr(0, location.find('/'));
  std::string_view path = location.substr(host.size());
  if (path.starts_with("/v1/") || path.starts_with("/v2/")) path.remove_prefix(3);
  return path.size() <= 1 ? std::string(host) : Cat(host, path);
}

struct Location {
  std::string_view host;
  std::string_view port;
  std::string_view path;
};

Location LocationOf(std::string_view key) {
  Location out;
  out.host = key.substr(0, key.find('/'));
  out.path = key.substr(out.host.size());
  const std::size_t colon = out.host.rfind(':');
  const std::size_t bracket = out.host.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return out;
  out.port = out.host.substr(colon + 1);
  out.host = out.host.substr(0, colon);
  return out;
}

// Wildcards count within one label of the host; the path needs only begin alike.
bool Fits(std::string_view key, std::string_view name) {
  const Location pattern = LocationOf(key);
  const Location wanted = LocationOf(name);
  if (pattern.port != wanted.port || !wanted.path.starts_with(pattern.path)) return false;
  const auto labels = Split(pattern.host, '.');
  const auto wanted_labels = Split(wanted.host, '.');
  if (labels.size() != wanted_labels.size()) return false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!GlobMatch(labels[i], wanted_labels[i])) return false;
  }
  return true;
}

}  // namespace

void RegistryKeyring::Add(std::string_view location, runtime::RegistryLogin login) {
  logins_[KeyOf(location)].push_back(std::move(login));
}

std::vector<runtime::RegistryLogin> RegistryKeyring::Lookup(std::string_view name) const {
  std::vector<runtime::RegistryLogin> out;
  for (const auto& [key, logins] : logins_) {
    if (Fits(key, name)) out.insert(out.end(), logins.begin(), logins.end());
  }
  if (!out.empty() || !name.starts_with("docker.io/")) return out;
  const auto hub = logins_.find(std::string(kHubKey));
  return hub == logins_.end() ? out : hub->second;
}

}  // namespace reprieve::kubelet
