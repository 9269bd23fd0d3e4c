// One random history: a Job of any mode, a random kubelet and user, and a controller that crashes, lags and is
// refused, alone or in a cluster (controller.h). What must hold whatever happens is checked as it goes and at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reprieve::property {

struct HistoryResult {
  std::vector<std::string> violations;
  std::uint64_t trace_hash = 0;  // equal for equal seeds
  std::size_t pods = 0;
  std::size_t crashes = 0;
  bool finished = false;
};

// Same seed, same history, to the byte. With `trace` every change is printed.
HistoryResult RunHistory(std::uint64_t seed, bool cluster, bool trace);

}  // namespace reprieve::property
