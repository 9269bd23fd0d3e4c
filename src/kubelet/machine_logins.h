// MachineLogins: the logins to registries that Docker and Podman keep for this user: in their files, and behind their
// credential helpers.
//
// Source: Docker's documentation of config.json and of credential helpers, containers-auth.json(5); spec/images.md 2.
// It reads files and runs programs, and so may block for half a minute. No message shows anything of a login, nor what
// a helper has printed. Safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/image_service.h"

namespace reprieve::kubelet {

struct MachineLoginPlaces {
  // In their order; those that are not there are passed over.
  std::vector<std::string> files;
  Nanoseconds helper_timeout = Seconds(30);
};

// By the environment of this process: Podman's files, then Docker's, as Podman has them.
MachineLoginPlaces LoginPlacesOfEnvironment();

// `unwanted`: as of ProgramToRun.
runtime::RegistryLogins FindMachineLogins(const MachineLoginPlaces& places, const runtime::ImageReference& image,
                                          int unwanted = -1);

// What docker-credential-NAME says of a server. Nothing found is no error: a login that is empty.
Result<runtime::RegistryLogin> AskCredentialHelper(const std::string& name, const std::string& server,
                                                   Nanoseconds timeout, int unwanted = -1);

}  // namespace reprieve::kubelet
