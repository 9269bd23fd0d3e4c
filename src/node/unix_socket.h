// Unix stream sockets by path, of any length: what does not fit into an address is reached through its directory.
//
// Both are non-blocking and closed on exec. Errors name the path. Thread rules: any thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::node {

// A new socket at `path`, which must not exist; no symbolic link is followed on the way. `mode`: who may connect.
Result<runtime::Fd> ListenAt(const std::string& path, mode_t mode);
Result<runtime::Fd> ConnectTo(const std::string& path);

}  // namespace reprieve::node
