// A container's environment: a few variables of the invoking user's, then what the pod's spec says.
//
// Source: the kubelet's makeEnvironmentVariables: those of Services, envFrom, then env in order, each seeing those
// before it. Pure; safe from any thread. Errors have the kubelet's words; they make a container wait
// (CreateContainerConfigError).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "kubelet/downward.h"
#include "kubelet/settings.h"
#include "model/core.h"

namespace reprieve::kubelet {

using Environment = std::map<std::string, std::string, std::less<>>;

// What containers get of the environment that Reprieve was started in: PATH, LD_LIBRARY_PATH, HOME, USER, LOGNAME,
// LANG, LC_ALL, LC_CTYPE and TZ. A container here is a program of this machine and this user, so it has to find
// programs, home and language; nothing else is passed, so that a Job does not depend on a shell's leftovers, nor get
// its secrets.
Environment BaseEnvironment(const char* const* environment);

// The variables of the spec and of Services: those that $(NAME) in command and args may name.
Result<Environment> ContainerEnvironment(const core::Container& container, const PodFacts& facts,
                                         const Settings& settings);

// Every ConfigMap, Secret or key that the pod cannot start without and that is not there; one clear sentence each.
std::vector<std::string> MissingReferences(const core::PodSpec& spec, const std::string& name_space,
                                           const Settings& settings);

}  // namespace reprieve::kubelet
