// --feature-gates, the same for every verb that has it.
#pragma once

#include <string>

#include "model/feature_gates.h"

namespace reprieve::cli {

inline constexpr const char* kFeatureGatesHelp =
    "Alpha features of JobSet, such as RestartJob=true,ElasticJobSet=true: these two, InPlaceRestart, or AllAlpha";

// Why it is no list of feature gates; empty if it is one.
inline std::string CheckFeatureGates(const std::string& text) {
  const auto gates = model::ParseFeatureGates(text);
  return gates.ok() ? std::string() : gates.error().message;
}

}  // namespace reprieve::cli
