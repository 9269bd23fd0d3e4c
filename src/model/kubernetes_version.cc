#include "model/kubernetes_version.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"

namespace reprieve::model {

std::string KubernetesVersion::ToString() const {
  return Cat("1.", minor);
}

Result<KubernetesVersion> ParseKubernetesVersion(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('v')) digits.remove_prefix(1);
  const std::vector<std::string_view> parts = Split(digits, '.');
  const auto are_numbers = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), IsDigit);
  });
  const std::optional<std::int32_t> minor =
      are_numbers && (parts.size() == 2 || parts.size() == 3) ? ParseInt32(parts[1]) : std::nullopt;
  if (!minor || parts[0] != "1" || *minor < KubernetesVersion::kOldestMinor ||
      *minor > KubernetesVersion::kNewestMinor) {
    return Error{Cat("unknown version of Kubernetes ", Quote(text), "; known are 1.", KubernetesVersion::kOldestMinor,
                     " to 1.", KubernetesVersion::kNewestMinor)};
  }
  return KubernetesVersion{*minor};
}

}  // namespace reprieve::model
