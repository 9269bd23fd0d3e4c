// What goes wrong in a random history.
#pragma once

#include <string_view>

#include "base/random.h"
#include "controller.h"

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

inline ControllerOptions Alone(Random& random) {
  ControllerOptions out;
  out.faults = RandomFaults(random);
  out.lag = RandomLag(random);
  return out;
}

// All that a cluster can do to a controller; a quarter of all histories has no faults of writes, and as many none of
// watches.
inline ControllerOptions InACluster(Random& random) {
  ControllerOptions out;
  out.cluster = true;
  if (!random.OneIn(4)) {
    out.faults = {.unavailable = 25,
                  .conflict = 25,
                  .crash = 60,
                  .forbidden = 20,
                  .modified = 40,
                  .refused = 30,
                  .throttled = 15,
                  .strays = true};
    out.faults.latest_landing = Seconds(random.Between(0, 20));
  }
  if (random.OneIn(2)) out.faults.slowest = std::chrono::milliseconds(random.Between(1, 2000));
  if (!random.OneIn(4)) {
    out.watches = {
        .latest = std::chrono::milliseconds(random.Between(1, 5000)), .repeated = 15, .broken = 25, .forgotten = 2};
  }
  if (random.OneIn(2)) out.largest_skew = std::chrono::hours(1);
  out.latest_successor = Seconds(random.Between(0, 20));
  out.calm_after = std::chrono::minutes(random.Between(3, 10));
  return out;
}

// A time that a status tells of, such as that of the end, is that of the decision and not of the write.
inline bool WritesTakeTime(const ControllerOptions& options) {
  return options.cluster || options.faults.slowest > Nanoseconds(0);
}

// What the controller decides by is what is so.
inline bool SeesAllAtOnce(const ControllerOptions& options) {
  return options.lag.latest == Nanoseconds(0) && !WritesTakeTime(options);
}

// Upstream's server refuses these statuses as well, again and again: the end of a suspended Job whose last pods succeed
// (it has no startTime), and fewer succeeded indexes after a user has taken parallelism away from completions again.
inline bool RefusesAsUpstream(std::string_view refusal) {
  return refusal.find("startTime is required") != std::string_view::npos ||
         refusal.find("cannot decrease the succeeded counter") != std::string_view::npos;
}

}  // namespace reprieve::property
