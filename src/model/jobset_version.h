// Which JobSet a manifest meets: 0.8 to 0.13, the newest unless another is named.
//
// Pure; safe from any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::model {

// Of major version 0.
struct JobSetVersion {
  static constexpr int kOldestMinor = 8;
  static constexpr int kNewestMinor = 13;

  int minor = kNewestMinor;

  auto operator<=>(const JobSetVersion&) const = default;
  std::string ToString() const;
};

// "0.11", "v0.11" or "0.11.1": the patch release makes no difference.
[[nodiscard]] Result<JobSetVersion> ParseJobSetVersion(std::string_view text);

}  // namespace reprieve::model
