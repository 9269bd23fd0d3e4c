// Clock: what time it is in this world. The only way by which anything above src/world learns it.
#pragma once

#include "base/time.h"

namespace reprieve::world {

class Clock {
 public:
  virtual ~Clock() = default;
  // UTC, never going back.
  virtual Time Now() const = 0;
};

}  // namespace reprieve::world
