#include "scheduler/taints.h"

#include <algorithm>

#include "base/saturate.h"

namespace reprieve::scheduler {

bool Tolerates(const core::Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.op == "Exists") return true;
  return !toleration.key.empty() && toleration.value == taint.value;
}

const Taint* UntoleratedTaint(const std::vector<Taint>& taints, const std::vector<core::Toleration>& tolerations) {
  for (const Taint& taint : taints) {
    if (taint.effect != "NoSchedule" && taint.effect != "NoExecute") continue;
    const bool tolerated = std::any_of(tolerations.begin(), tolerations.end(),
                                       [&](const core::Toleration& t) { return Tolerates(t, taint); });
    if (!tolerated) return &taint;
  }
  return nullptr;
}

std::optional<Nanoseconds> StaysWith(const Taint& taint, const std::vector<core::Toleration>& tolerations) {
  bool tolerated = false;
  std::optional<Nanoseconds> least;
  for (const core::Toleration& toleration : tolerations) {
    if (!Tolerates(toleration, taint)) continue;
    tolerated = true;
    if (!toleration.toleration_seconds) continue;
    const Nanoseconds stays = DurationOfSeconds(std::max<std::int64_t>(*toleration.toleration_seconds, 0));
    least = least ? std::min(*least, stays) : stays;
  }
  return tolerated ? least : std::optional(Nanoseconds(0));
}

}  // namespace reprieve::scheduler
