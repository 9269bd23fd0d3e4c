// Backoff: how long to wait after failures in a row: doubling, with jitter, so that many clients do not come back at
// once. Source: client-go's reflector (0.8 s to 30 s, twice at most by jitter). One owner.
#pragma once

#include <algorithm>

#include "base/random.h"
#include "base/time.h"

namespace reprieve::kube {

class Backoff {
 public:
  Backoff(Random& random, Nanoseconds base, Nanoseconds cap) : random_(random), base_(base), cap_(cap), next_(base) {}

  // From the wait that is due up to twice as long.
  Nanoseconds Next() {
    const Nanoseconds wait = next_;
    next_ = std::min(next_ * 2, cap_);
    return wait + Nanoseconds(random_.Between(0, wait.count()));
  }
  void Reset() { next_ = base_; }

 private:
  Random& random_;
  const Nanoseconds base_;
  const Nanoseconds cap_;
  Nanoseconds next_;
};

}  // namespace reprieve::kube
