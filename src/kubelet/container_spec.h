// From a container of a pod to what the runtime is asked to run.
//
// Source: the API's fields of a container; the kubelet's order of doing it. Of the machine it looks only at who may
// enter a directory. Errors make the container wait.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kubelet/environment.h"
#include "kubelet/images.h"
#include "kubelet/volumes.h"
#include "runtime/runtime.h"

namespace reprieve::kubelet {

// A library that is loaded into a process and looks names up in a file.
struct NamesByLibrary {
  std::string library;
  std::string hosts_file;
};

struct ContainerContext {
  PodFacts facts;
  std::string hostname;
  // The pod's GPUs, by number; the containers that ask for some take them in their order.
  const std::vector<int>& gpus;
  const PodVolumes& volumes;
  const Settings& settings;
  const ImageMap& images;
  const Environment& base_environment;
  // Where a container works that names no directory.
  const std::string& working_directory;
  // Who runs a container that names no user. Of no meaning in an image.
  std::uint32_t user = 0;
  // What finds names for it; absent: its /etc/hosts, or nothing.
  std::optional<NamesByLibrary> names = std::nullopt;
};

Result<runtime::ContainerSpec> MakeContainerSpec(const core::Container& container, const ContainerContext& context);

// A process beside the container's own; what `command` refers to is what the manifest itself says of the environment.
Result<runtime::ExecSpec> MakeExecSpec(const core::Container& container, const std::vector<std::string>& command,
                                       const ContainerContext& context);

// What its containers may use together.
runtime::ResourceLimits PodLimits(const core::PodSpec& pod);

// The pod's host name: its own, its spec's, or its name.
std::string HostnameOf(const core::Pod& pod);
// With its subdomain's, as its Service publishes it.
std::string FullHostnameOf(const core::Pod& pod);

}  // namespace reprieve::kubelet
