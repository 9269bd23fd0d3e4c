// The bodies of requests to a container engine: what a pod's sandbox and its containers are made of.
//
// Source: Docker Engine API 1.41, ContainerCreate; what a kubelet asks a container runtime for; docs/IMAGES.md.
// Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"
#include "runtime/docker/engine_client.h"
#include "runtime/docker/gpus.h"
#include "runtime/docker/image_config.h"
#include "runtime/runtime.h"

namespace reprieve::runtime::docker {

// On whatever is made in an engine: whose it is.
inline constexpr std::string_view kRunLabel = "reprieve.dev/run";  // EngineName()
inline constexpr std::string_view kPodLabel = "reprieve.dev/pod";  // NAMESPACE/NAME
inline constexpr std::string_view kContainerLabel = "reprieve.dev/container";
inline constexpr std::string_view kAttemptLabel = "reprieve.dev/attempt";

// Where a container finds the program that runs its probes and hooks.
inline constexpr std::string_view kInitInContainer = "/dev/reprieve-init";

struct SandboxParts {
  const PodSandboxSpec& spec;
  std::string_view run;
};
document::Value SandboxBody(const SandboxParts& parts);

struct ContainerParts {
  const ContainerSpec& spec;
  const PodSandboxSpec& pod;
  const ImageConfig& image;
  std::string_view run;
  std::string_view sandbox;  // the engine's id of it
  // Besides the spec's own: /etc/hosts, the termination message, reprieve-init.
  std::vector<Mount> mounts = {};
  bool podman = false;
  GpuSupport gpus = {};
};
// REQUIRES: ArgvOf(*spec.image, image) is not empty. An error: a profile that it names can't be read.
Result<document::Value> ContainerBody(const ContainerParts& parts);

// An exec of `argv` that ends after the time-out at the latest.
document::Value ExecBody(const std::vector<std::string>& argv, std::chrono::milliseconds timeout);

// What people see in the engine's list of containers: reprieve-POD-CONTAINER-0-SUFFIX. Percent-encoding is not needed.
std::string ContainerNameOf(const PodSandboxSpec& pod, std::string_view container, int attempt,
                            std::string_view suffix);

}  // namespace reprieve::runtime::docker
