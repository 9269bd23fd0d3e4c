// How a container gets its NVIDIA GPUs from a container engine: by CDI, where the engine takes requests for devices by
// their CDI names and this machine describes its GPUs so; else by the variable that NVIDIA's own OCI runtime reads.
//
// Source: Docker Engine API 1.44 (DeviceRequest, /info); docs/IMAGES.md has the table; the Container Device Interface's
// folders; NVIDIA Container Toolkit. Thread rules: plain values; GpuSupportOf reads the folders of CDI.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"
#include "runtime/docker/engine_client.h"

namespace reprieve::runtime::docker {

struct GpuSupport {
  bool cdi = false;
  // NVIDIA's own, which the engine has to be asked for by name; empty: the engine has none of that name, or takes no
  // name.
  std::string oci_runtime = {};
};

// `info`: what the engine answers to /info. `podman_folders`: where Podman, which does not tell, looks for
// descriptions.
GpuSupport GpuSupportOf(const EngineIdentity& engine, const document::Value& info,
                        const std::vector<std::string>& podman_folders = {"/etc/cdi", "/var/run/cdi"});

// Completes a container's HostConfig and its environment (KEY=VALUE); what the environment says already stays.
void GiveGpus(const std::vector<int>& gpus, const GpuSupport& support, document::Value& host,
              std::vector<std::string>& environment);

}  // namespace reprieve::runtime::docker
