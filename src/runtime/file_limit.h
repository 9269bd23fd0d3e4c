// How many files this process may have open: each pod costs it five or six.
//
// Programs get the limit that we were started with: some walk through all numbers up to it, and select(2) ends at 1024.
// Thread rules: safe from any thread.
#pragma once

#include <sys/resource.h>

namespace reprieve::runtime {

// Raises our own soft limit to the hard one. Returns the limit from before, the same each time.
const rlimit& RaiseFileLimit();

}  // namespace reprieve::runtime
