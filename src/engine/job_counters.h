// JobCounters: what the passes over Jobs have done since the start, for metrics with upstream's names.
//
// Source: spec/job.md 2.19. Bounded: reasons beyond a few dozen count as "other". One owner, the engine's thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "controllers/job/reconcile.h"
#include "engine/histogram.h"
#include "world/plan.h"

namespace reprieve::engine {

// In seconds.
inline constexpr auto kJobSyncBounds = ExponentialBounds<15>(0.004, 2);

struct JobCounters {
  struct Sync {
    bool indexed = false;
    bool error = false;
    controllers::JobAction action{};
    auto operator<=>(const Sync&) const = default;
  };
  struct Finish {
    bool indexed = false;
    bool success = false;
    std::string reason;
    auto operator<=>(const Finish&) const = default;
  };

  std::map<Sync, Histogram> syncs;
  std::map<Finish, std::uint64_t> finished;
  std::array<std::array<std::uint64_t, 2>, 2> pods_finished{};  // by indexed, by success
  std::array<std::array<std::uint64_t, 2>, 2> indexes{};        // by limit per index, by success
  std::array<std::uint64_t, 5> by_policy{};                     // by batch::FailureAction
  // Ended pods that have got, or have been seen with, the tracking finalizer, and those that have lost it.
  std::uint64_t tracked = 0, released = 0;

  void AddSync(const batch::JobSpec& spec, bool error, controllers::JobAction action, Nanoseconds took);
  // What of the tally holds by the report.
  void AddPass(const batch::JobSpec& spec, const controllers::JobDecision& decision, const world::PlanReport& report);
};

}  // namespace reprieve::engine
