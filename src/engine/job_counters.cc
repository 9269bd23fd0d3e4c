#include "engine/job_counters.h"

#include <chrono>

namespace reprieve::engine {
namespace {

// Conditions that somebody else has written may have any reason.
constexpr std::size_t kMaxReasons = 40;

std::uint64_t& At(std::array<std::array<std::uint64_t, 2>, 2>& table, bool row, bool success) {
  return table[row ? 1 : 0][success ? 1 : 0];
}

}  // namespace

void JobCounters::AddSync(const batch::JobSpec& spec, bool error, controllers::JobAction action, Nanoseconds took) {
  syncs.try_emplace({spec.indexed(), error, action}, kJobSyncBounds)
      .first->second.Observe(std::chrono::duration<double>(took).count());
}

void JobCounters::AddPass(const batch::JobSpec& spec, const controllers::JobDecision& decision,
                          const world::PlanReport& report) {
  if (!decision.plan.DecidedBy(report)) return;
  const controllers::JobTally& tally = decision.tally;
  At(pods_finished, spec.indexed(), true) += static_cast<std::uint64_t>(tally.succeeded_pods);
  At(pods_finished, spec.indexed(), false) += static_cast<std::uint64_t>(tally.failed_pods);
  if (spec.indexed()) {
    const bool per_index = spec.backoff_limit_per_index.has_value();
    At(indexes, per_index, true) += static_cast<std::uint64_t>(tally.succeeded_indexes);
    At(indexes, per_index, false) += static_cast<std::uint64_t>(tally.failed_indexes);
  }
  for (std::size_t i = 0; i < by_policy.size(); ++i) by_policy[i] += static_cast<std::uint64_t>(tally.by_policy[i]);
  if (!tally.finish || !report.complete()) return;
  Finish finish{spec.indexed(), tally.finish->success, tally.finish->reason};
  if (finished.size() >= kMaxReasons && !finished.contains(finish)) finish.reason = "other";
  ++finished[finish];
}

}  // namespace reprieve::engine
