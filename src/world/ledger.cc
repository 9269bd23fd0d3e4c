#include "world/ledger.h"

namespace reprieve::world {

void Ledger::Record(const Verdict& verdict) {
  verdicts_.push_back(verdict);
  if (verdicts_.size() > limit_) verdicts_.pop_front();
  if (listener_) listener_(verdicts_.back());
}

}  // namespace reprieve::world
