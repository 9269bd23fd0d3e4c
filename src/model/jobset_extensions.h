// What a JobSet may ask of Reprieve beyond upstream, by annotations; without them it gets upstream's behaviour.
//
//   reprieve.dev/restart-delay: 10s            the wait before Jobs are created again after a failure,
//   reprieve.dev/restart-delay-factor: "2"     multiplied for each further restart in a row (default 2),
//   reprieve.dev/restart-delay-cap: 5m         up to that (default 5m)
//   reprieve.dev/rule-max-restarts: network=3; data=1     a budget of its own for rules of the failure policy, by name
//   reprieve.dev/restarts-reset-after: 1h      healthy for so long, and the budgets are whole again
//   reprieve.dev/terminating-limit: 5m         a pod that is Terminating for longer counts as lost,
//   reprieve.dev/pending-limit: 10m            and so does one that is Pending for longer
//
// Documented in docs/USE.md. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/meta.h"

namespace reprieve::jobset {

inline constexpr std::string_view kExtensionPrefix = "reprieve.dev/";
// What `reprieve lint` is not to say again (lint/suppression.h); nothing else reads it.
inline constexpr std::string_view kLintIgnore = "reprieve.dev/lint-ignore";

struct Extensions {
  std::optional<Nanoseconds> restart_delay;
  double restart_delay_factor = 2;
  Nanoseconds restart_delay_cap = std::chrono::minutes(5);
  std::map<std::string, std::int32_t> rule_max_restarts;  // by the rule's name
  std::optional<Nanoseconds> restarts_reset_after;
  std::optional<Nanoseconds> terminating_limit;
  std::optional<Nanoseconds> pending_limit;

  // Of the restart that is the `in_a_row`th since the budgets were whole, from 1.
  Nanoseconds DelayOf(std::int64_t in_a_row) const;
};

// An annotation that cannot be read; it counts as absent.
struct ExtensionError {
  std::string key;
  std::string message;
};

[[nodiscard]] Extensions ReadExtensions(const meta::Labels& annotations, std::vector<ExtensionError>* errors = nullptr);

// RULE=COUNT; RULE=COUNT: the form of rule-max-restarts, and of what is kept about it.
[[nodiscard]] std::optional<std::map<std::string, std::int32_t>> ReadCounts(std::string_view text);
[[nodiscard]] std::string WriteCounts(const std::map<std::string, std::int32_t>& counts);

}  // namespace reprieve::jobset
