#include "kubelet/pull_secrets.h"

#include "base/text.h"
#include "kubelet/docker_config.h"

namespace reprieve::kubelet {
namespace {

// Its type decides what counts: another type's text is passed over, as a kubelet does it.
Result<DockerConfig> ConfigOf(const TypedSecret& secret) {
  constexpr std::string_view kConfigJson = ".dockerconfigjson";
  constexpr std::string_view kCfg = ".dockercfg";
  const auto text = [&secret](std::string_view key) {
    const auto at = secret.data.find(std::string(key));
    return at == secret.data.end() ? std::string_view() : std::string_view(at->second);
  };
  if (secret.type == "kubernetes.io/dockerconfigjson" && !text(kConfigJson).empty()) {
    return ParseDockerConfig(text(kConfigJson));
  }
  if (secret.type == "kubernetes.io/dockercfg" && !text(kCfg).empty()) return ParseDockercfg(text(kCfg));
  return DockerConfig();
}

}  // namespace

PullSecrets PullSecretsOf(const core::PodSpec& spec, const std::string& name_space, const Settings& settings) {
  PullSecrets out;
  for (const core::Value& reference : spec.rest["imagePullSecrets"].items()) {
    const std::string& name = reference["name"].AsText();
    const TypedSecret* secret = settings.FindSecret({name_space, name});
    if (secret == nullptr) {
      if (!name.empty()) out.missing.push_back(name);
      continue;
    }
    const auto config = ConfigOf(*secret);
    if (!config) {
      out.error = Cat("imagePullSecret ", name_space, "/", name, " can't be read: ", config.error().message);
      return out;
    }
    AddLogins(*config, out.keyring);
  }
  return out;
}

}  // namespace reprieve::kubelet
