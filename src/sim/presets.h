// Failures as they were published, with their sources: what a scenario's {preset: NAME} stands for.
//
// Pure; safe from any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace reprieve::sim {

struct Preset {
  std::string_view name;
  std::string_view source;  // where the numbers are from, and what was added to them
};

[[nodiscard]] const std::vector<Preset>& Presets();
// nullopt: there is none of that name.
[[nodiscard]] std::optional<FailureSource> FindPreset(std::string_view name);

}  // namespace reprieve::sim
