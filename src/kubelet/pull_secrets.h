// The logins that a pod brings along: its imagePullSecrets.
//
// Source: the kubelet's credential provider; spec/images.md 2. Pure.
#pragma once

#include <string>
#include <vector>

#include "kubelet/registry_keyring.h"
#include "kubelet/settings.h"
#include "model/core.h"

namespace reprieve::kubelet {

struct PullSecrets {
  RegistryKeyring keyring;
  // Named, but not there: the pull is tried without them.
  std::vector<std::string> missing;
  // Why nothing can be pulled with them, for people; empty: they can be read. Shows nothing of a login.
  std::string error;
};

PullSecrets PullSecretsOf(const core::PodSpec& spec, const std::string& name_space, const Settings& settings);

}  // namespace reprieve::kubelet
