// The ledger of verdicts: every judgement in its order, for whoever prints it.
//
// Called on the engine's thread.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "world/verdict.h"

namespace reprieve::world {

class Ledger {
 public:
  using Listener = std::function<void(const Verdict&)>;

  // Keeps the newest verdicts, at least `limit` of them where there were as many.
  explicit Ledger(std::size_t limit = 1000) : limit_(limit) {}

  void set_listener(Listener listener) { listener_ = std::move(listener); }
  // What one round has judged.
  void Record(std::vector<Verdict> round);
  // The newest last.
  std::vector<const Verdict*> verdicts() const;

 private:
  std::size_t limit_;
  Listener listener_;
  std::deque<std::vector<Verdict>> rounds_;  // none empty; they go whole
  std::size_t count_ = 0;                    // of their verdicts
};

}  // namespace reprieve::world
