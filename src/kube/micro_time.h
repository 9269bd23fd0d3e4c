// metav1.MicroTime: RFC 3339 with six digits. Pure.
#pragma once

#include <string>

#include "base/time.h"

namespace reprieve::kube {

inline std::string FormatMicroTime(Time time) {
  const std::string nano = FormatRfc3339Nano(time);  // ...:22.123456789Z
  return nano.substr(0, nano.size() - 4) + "Z";
}

}  // namespace reprieve::kube
