// File systems in memory, each with a size of its own: a volume that is full at its limit.
//
// They are mounted on this machine, as an ordinary directory's place, since several containers may use one; only root
// can. Whoever removes the directory unmounts first; what a dead engine has left is unmounted with its folder.
// Thread rules: safe from any thread. Errors: errno.
#pragma once

#include <cstdint>
#include <string>

namespace reprieve::runtime {

// Over `directory`, open to everyone. 0, or the error: EPERM for who may not mount.
[[nodiscard]] int MountTmpfs(const std::string& directory, std::int64_t bytes);

// Unmounts what is mounted at or below it.
void UnmountBelow(const std::string& directory);

}  // namespace reprieve::runtime
