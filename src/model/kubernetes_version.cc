#include "model/kubernetes_version.h"

#include "base/text.h"
#include "model/minor_version.h"

namespace reprieve::model {

std::string KubernetesVersion::ToString() const {
  return Cat("1.", minor);
}

Result<KubernetesVersion> ParseKubernetesVersion(std::string_view text) {
  const auto minor = MinorVersion(text, "1");
  if (!minor || *minor < KubernetesVersion::kOldestMinor || *minor > KubernetesVersion::kNewestMinor) {
    return Error{Cat("unknown version of Kubernetes ", Quote(text), "; known are 1.", KubernetesVersion::kOldestMinor,
                     " to 1.", KubernetesVersion::kNewestMinor)};
  }
  return KubernetesVersion{*minor};
}

}  // namespace reprieve::model
