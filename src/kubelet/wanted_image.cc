#include "kubelet/wanted_image.h"

#include <utility>

#include "base/text.h"
#include "kubelet/pull_secrets.h"
#include "kubelet/restart.h"

namespace reprieve::kubelet {

WantedImage WantedImageOf(const core::PodSpec& spec, std::size_t container, const std::string& name_space,
                          const Settings& settings, const MachineLoginPlaces& places, const ImageMap& images) {
  const core::Container& of = ContainerAt(spec, container);
  WantedImage out;
  out.start.container = container;
  out.container = of.name.str();
  out.image = images.ImageOf(of);
  out.policy = of.image_pull_policy;
  if (out.policy == "Always" && out.image != of.image.view()) out.policy = "IfNotPresent";
  PullSecrets secrets = PullSecretsOf(spec, name_space, settings);
  for (const core::Value& reference : spec.rest["imagePullSecrets"].items()) {
    AppendTo(out.login_key, name_space, "/", reference["name"].AsText(), "\n");
  }
  for (const std::string& name : secrets.missing) out.missing_secrets.push_back(Cat(name_space, "/", name));
  out.login_error = std::move(secrets.error);
  out.find_logins = [keyring = std::move(secrets.keyring), places](const runtime::ImageReference& image, int unwanted) {
    runtime::RegistryLogins own = FindMachineLogins(places, image, unwanted);
    runtime::RegistryLogins all{keyring.Lookup(image.Name()), std::move(own.problems)};
    all.found.insert(all.found.end(), own.found.begin(), own.found.end());
    return all;
  };
  return out;
}

}  // namespace reprieve::kubelet
