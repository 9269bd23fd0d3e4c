// Feature gates of the JobSet controller, as its manager takes them: --feature-gates
// RestartJob=true,ElasticJobSet=true.
//
// Source: spec/jobset.md 5.3. Plain values.
#pragma once

#include <string_view>

#include "base/result.h"

namespace reprieve::model {

// All are alpha, and off unless asked for.
struct FeatureGates {
  bool in_place_restart = false;
  bool restart_job = false;
  bool elastic_job_set = false;

  bool operator==(const FeatureGates&) const = default;
};

// NAME=true or NAME=false, separated by commas; AllAlpha stands for all that is not named. The error names the word.
[[nodiscard]] Result<FeatureGates> ParseFeatureGates(std::string_view text);

// False too for a gate that Reprieve has nothing behind.
[[nodiscard]] bool IsGateOn(const FeatureGates& gates, std::string_view name);

}  // namespace reprieve::model
