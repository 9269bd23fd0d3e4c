// DockerConfig: what Docker and Podman keep of logins: config.json and auth.json, and the Secrets of Kubernetes that
// have the same texts.
//
// Source: Docker's documentation of config.json, containers-auth.json(5), Kubernetes' types kubernetes.io/dockercfg and
// kubernetes.io/dockerconfigjson; spec/images.md 2. No error shows anything of a login. Pure; safe from any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kubelet/registry_keyring.h"
#include "runtime/image_service.h"

namespace reprieve::kubelet {

struct DockerConfig {
  // In their order, without those that name no login (a helper has it then).
  std::vector<std::pair<std::string, runtime::RegistryLogin>> logins;
  // docker-credential-NAME, by the host of the registry.
  std::map<std::string, std::string> helpers;
  // The helper of all other registries; empty: none.
  std::string store;
};

// The text of a config.json, or a Secret's .dockerconfigjson.
Result<DockerConfig> ParseDockerConfig(std::string_view text);
// A Secret's .dockercfg: only the logins.
Result<DockerConfig> ParseDockercfg(std::string_view text);

void AddLogins(const DockerConfig& config, RegistryKeyring& keyring);

}  // namespace reprieve::kubelet
