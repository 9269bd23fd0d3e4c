// One random history of a JobSet: any policy, a random kubelet and user, foreign Jobs in the way, and a
// controller that crashes, lags and is refused.
#pragma once

#include "history.h"

namespace reprieve::property {

// As RunHistory.
HistoryResult RunJobSetHistory(std::uint64_t seed, bool cluster, bool trace);

}  // namespace reprieve::property
