#include "engine/reconcile_loop.h"

#include <gtest/gtest.h>

namespace reprieve::engine {
namespace {

class StandingClock final : public world::Clock {
 public:
  Time Now() const override { return Time{}; }
};

class NoApi final : public world::Api {
 public:
  void Submit(world::Request&&, world::Completion&&) override {}
  void RecordEvent(const world::Event&) override {}
};

struct State : LoopState {
  using LoopState::LoopState;
  bool empty() const { return false; }
};

class Loop : public ::testing::Test {
 protected:
  // Runs what is due now; how many passes there were.
  int Passes() {
    int out = 0;
    loop_.EnqueueSeen();
    while (const auto key = context_.queue.Pop(clock_.Now())) {
      loop_.Run(key->id, [&](State& state) {
        ++out;
        loop_.End(state, PassResult::kDone);
      });
    }
    return out;
  }

  StandingClock clock_;
  NoApi api_;
  world::Ledger ledger_;
  world::PlanRunner plans_{api_, clock_};
  LoopContext context_{clock_, ledger_, plans_};
  ReconcileLoop<State> loop_{context_, WorkKind::kJob, RetryDelays{}, [](State&, const world::PlanReport&) {}};
};

TEST_F(Loop, WhatWaitsForTheWatchRunsOnceTheWatchHasShownAllItsWrites) {
  State& state = loop_.StateOf("a");
  state.written.pods = 7;
  state.written.jobs = 5;
  loop_.Enqueue(state);
  EXPECT_EQ(Passes(), 0);
  context_.seen.jobs = 6;
  EXPECT_EQ(Passes(), 0);
  // One kind that has moved far does not stand for another.
  context_.seen.jobs = 9;
  EXPECT_EQ(Passes(), 0);
  context_.seen.pods = 7;
  EXPECT_EQ(Passes(), 1);
  EXPECT_EQ(Passes(), 0);
}

}  // namespace
}  // namespace reprieve::engine
