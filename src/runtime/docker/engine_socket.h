// Where a container engine listens on this machine: the unix sockets of Docker and of Podman, root's and a user's own.
//
// Source: the documented defaults of both engines and of DOCKER_HOST; docs/IMAGES.md. It opens connections to look
// whether somebody listens, and closes them. Safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace reprieve::runtime::docker {

struct EngineSocketOptions {
  // A path, or unix://PATH; empty: looked for.
  std::string named = {};
  // DOCKER_HOST and XDG_RUNTIME_DIR of the environment; empty: not set.
  std::string docker_host = {};
  std::string runtime_directory = {};
  // Looked at in this order, before those of runtime_directory.
  std::vector<std::string> usual = {"/var/run/docker.sock", "/run/podman/podman.sock"};
};

// By the environment of this process.
EngineSocketOptions SocketOptionsOfEnvironment(std::string named);

struct EngineSocketSearch {
  std::string path;  // of the first that somebody listens on; empty: there is none
  // Why there is none, for people, with what to do about it.
  std::string why_none;
  // One was asked for, by name or by DOCKER_HOST, or is there and can't be used: not merely that nothing is installed.
  bool expected = false;
};

EngineSocketSearch FindEngineSocket(const EngineSocketOptions& options);

// The name (/proc/PID/comm) of the process of this machine that began to listen on that socket: the engine, or systemd,
// which starts the engine with the first connection. Empty: nobody listens, or the process can't be seen from here.
std::string ListenerOn(const std::string& path);

}  // namespace reprieve::runtime::docker
