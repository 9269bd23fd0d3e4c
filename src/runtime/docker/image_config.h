// ImageConfig: what an image says of the containers that run in it, and what a container makes of that.
//
// Source: the OCI image configuration, as GET /images/NAME/json tells it; Kubernetes' table of command and args; the
// kubelet's verifyRunAsNonRoot for its words. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/value.h"
#include "runtime/runtime.h"

namespace reprieve::runtime::docker {

struct ImageConfig {
  std::string id;  // sha256:...
  std::string architecture;
  std::vector<std::string> entrypoint;
  std::vector<std::string> arguments;    // Cmd
  std::vector<std::string> environment;  // KEY=VALUE
  std::string user;                      // "1000", "app:staff"; empty: root
  std::string working_directory;
  std::optional<int> stop_signal;
};

ImageConfig ImageConfigOf(const document::Value& inspected);

// The program and its arguments; empty: neither the container nor its image has any.
//
//   command  args   runs
//   -        -      entrypoint and its arguments
//   -        given  entrypoint, args
//   given    -      command
//   given    given  command, args
std::vector<std::string> ArgvOf(const ImageUse& use, const ImageConfig& image);

// What "never as root" has against it; nothing if it may run. `uid`: whom the container names itself.
std::optional<std::string> WhyRootInImage(const ImageConfig& image, std::optional<std::uint32_t> uid);

// "SIGUSR1", "USR1" or "10"; nothing if it is none.
std::optional<int> SignalNamed(std::string_view name);

}  // namespace reprieve::runtime::docker
