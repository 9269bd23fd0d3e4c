#include "world/ledger.h"

namespace reprieve::world {

void Ledger::Record(Verdict&& verdict) {
  verdicts_.push_back(std::move(verdict));
  if (verdicts_.size() > limit_) verdicts_.pop_front();
  if (listener_) listener_(verdicts_.back());
}

}  // namespace reprieve::world
