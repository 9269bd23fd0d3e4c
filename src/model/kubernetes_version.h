// Which Kubernetes a manifest meets: 1.31 to 1.37, the newest unless another is named.
//
// Pure; safe from any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::model {

// Of major version 1.
struct KubernetesVersion {
  static constexpr int kOldestMinor = 31;
  static constexpr int kNewestMinor = 37;

  int minor = kNewestMinor;

  auto operator<=>(const KubernetesVersion&) const = default;
  std::string ToString() const;
};

// "1.36", "v1.36" or "1.36.3": the patch release makes no difference.
[[nodiscard]] Result<KubernetesVersion> ParseKubernetesVersion(std::string_view text);

}  // namespace reprieve::model
