// What a container sees that the machine does not show: the steps, taken in its private mount namespace, that put its
// volumes, its /etc/hosts and its termination message file in place. Nothing of the machine's own files is touched.
//
// A mount needs something to stand on. Where the machine lacks a path, the nearest directory that exists is covered by
// a tmpfs that shows the same entries again and the missing one too ("/" itself becomes a new root directory so).
// Inside a volume a missing directory is made, as container runtimes do: there the user's own directory is meant.
//
// With a read-only root all that the machine has mounted is made read-only, and what is writable in any container is
// put in place after that: its volumes, /proc, and of /dev what programs write files to.
//
// Thread rules: safe from any thread; it looks at the machine's files. Errors: what the user has to create or change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/launch.h"
#include "runtime/runtime.h"
#include "runtime/staging.h"

namespace reprieve::runtime {

enum class RootAccess : std::uint8_t { kAsItIs, kReadOnly };

// Appends to `steps`, which bring private mounts already.
// On an error errno says whether this process lacks something itself, such as descriptors.
Status PlanMounts(std::vector<Mount> mounts, const Staging& staging, std::vector<SetupStep>& steps,
                  RootAccess root = RootAccess::kAsItIs);

// An absolute path without ".", "..", doubled or trailing slashes, or nothing if it is not absolute or leaves "/".
std::string CleanPath(std::string_view path);

// There is an /etc/hosts for a pod's own to stand in place of. Without one no pod has a name here.
[[nodiscard]] bool MachineHasHostsFile();

}  // namespace reprieve::runtime
