// How much memory a container's processes hold, where no cgroup can limit it: the supervisor polls it, and kills what
// is over its limit, as the kernel would have.
//
// Source: spec/runtime.md 1.5 (a poll costs some 3 us a process; RLIMIT_AS breaks node and java). What processes share
// is counted for each. Thread rules: safe from any thread. Errors: a process that is gone holds nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace reprieve::runtime {

// Resident bytes of the process and all its descendants.
std::int64_t ResidentBytesOfTree(pid_t root);

}  // namespace reprieve::runtime
