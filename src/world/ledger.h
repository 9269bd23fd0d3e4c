// The ledger of verdicts: every judgement in its order, for whoever prints it.
//
// Called on the engine's thread.
#pragma once

#include <deque>
#include <functional>

#include "world/verdict.h"

namespace reprieve::world {

class Ledger {
 public:
  using Listener = std::function<void(const Verdict&)>;

  // Keeps the newest `limit` verdicts.
  explicit Ledger(std::size_t limit = 10'000) : limit_(limit) {}

  void set_listener(Listener listener) { listener_ = std::move(listener); }
  void Record(Verdict&& verdict);
  const std::deque<Verdict>& verdicts() const { return verdicts_; }

 private:
  std::size_t limit_;
  Listener listener_;
  std::deque<Verdict> verdicts_;
};

}  // namespace reprieve::world
