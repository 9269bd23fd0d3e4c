#include "world/ledger.h"

namespace reprieve::world {

void Ledger::Record(std::vector<Verdict> round) {
  if (round.empty()) return;
  count_ += round.size();
  rounds_.push_back(std::move(round));
  while (count_ - rounds_.front().size() >= limit_) {
    count_ -= rounds_.front().size();
    rounds_.pop_front();
  }
  if (!listener_) return;
  for (const Verdict& verdict : rounds_.back()) listener_(verdict);
}

std::vector<const Verdict*> Ledger::verdicts() const {
  std::vector<const Verdict*> out;
  out.reserve(count_);
  for (const std::vector<Verdict>& round : rounds_) {
    for (const Verdict& verdict : round) out.push_back(&verdict);
  }
  return out;
}

}  // namespace reprieve::world
