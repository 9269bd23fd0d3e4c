// What goes wrong in a random history.
#pragma once

#include <string_view>

#include "base/random.h"
#include "sim/faulty_api.h"
#include "sim/lagging_watch.h"

namespace reprieve::property {

// In half of all histories no write fails, and in half of all writes take time: the same writes in another order.
inline sim::FaultRates RandomFaults(Random& random) {
  sim::FaultRates rates;
  if (!random.OneIn(2)) rates = {.unavailable = 40, .conflict = 25, .crash = 50, .forbidden = 15};
  if (random.OneIn(2)) rates.slowest = std::chrono::milliseconds(random.Between(1, 2000));
  return rates;
}

inline sim::LagRates RandomLag(Random& random) {
  if (random.OneIn(2)) return {};
  return {std::chrono::milliseconds(random.Between(1, 5000)), 15, 40};
}

// A time that a status tells of, such as that of the end, is that of the decision and not of the write.
inline bool WritesTakeTime(const sim::FaultRates& faults) {
  return faults.slowest > Nanoseconds(0);
}

// What the controller decides by is what is so.
inline bool SeesAllAtOnce(const sim::FaultRates& faults, const sim::LagRates& lag) {
  return lag.latest == Nanoseconds(0) && !WritesTakeTime(faults);
}

// Upstream's server refuses these statuses as well, again and again: the end of a suspended Job whose last pods succeed
// (it has no startTime), and fewer succeeded indexes after a user has taken parallelism away from completions again.
inline bool RefusesAsUpstream(std::string_view refusal) {
  return refusal.find("startTime is required") != std::string_view::npos ||
         refusal.find("cannot decrease the succeeded counter") != std::string_view::npos;
}

}  // namespace reprieve::property
