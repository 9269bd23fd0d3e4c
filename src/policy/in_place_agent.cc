#include "policy/in_place_agent.h"

#include <limits>
#include <utility>

namespace reprieve::policy {
namespace {

std::int32_t AttemptAfter(std::optional<std::int32_t> current) {
  if (!current) return 0;
  return *current == std::numeric_limits<std::int32_t>::max() ? *current : *current + 1;
}

}  // namespace

InPlaceStep InPlaceAgent::Hear(const InPlaceNews& news) {
  InPlaceStep step;
  if (news.disabled || !news.in_place) {
    step.lift = !std::exchange(lifted_, true);
    return step;
  }
  // Chosen once: later news alone must not advance a pod to another attempt.
  if (!attempt_) step.report = attempt_ = AttemptAfter(news.current);
  if (news.previous && *attempt_ <= *news.previous) {
    step.restart = true;
    return step;
  }
  if (attempt_ == news.current) step.lift = !std::exchange(lifted_, true);
  return step;
}

}  // namespace reprieve::policy
