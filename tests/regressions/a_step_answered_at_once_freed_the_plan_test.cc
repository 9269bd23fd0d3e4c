// A pod was removed in two steps; the first was answered later, the second at once, as is done once this process does
// not lead any more. The plan was finished from within, and then looked at again. Found by property_test --cluster.
#include <gtest/gtest.h>

#include <utility>

#include "world/plan_runner.h"

namespace reprieve {
namespace {

struct AnyTime final : world::Clock {
  Time Now() const override { return {}; }
};

// Keeps the first request, and answers each later one at once.
class LateOnce final : public world::Api {
 public:
  void Submit(world::Request&&, world::Completion&& done) override {
    if (asked++ == 0) {
      first = std::move(done);
    } else {
      done({world::WriteCode::kUnavailable, "this process does not lead any more", 0});
    }
  }
  void RecordEvent(const world::Event&) override {}

  int asked = 0;
  world::Completion first;
};

TEST(APlan, WhoseLastStepIsAnsweredAtOnceIsFinishedOnce) {
  LateOnce api;
  const AnyTime clock;
  world::PlanRunner runner(api, clock);
  world::Plan plan;
  plan.AddStage().writes.push_back(world::RemovePod{{"ns"_shared, "p"_shared, "uid"_shared, kNoSlot}, "finalizer"});
  int reports = 0;
  runner.Run(plan, [&](const world::PlanReport& report) {
    ++reports;
    EXPECT_EQ(report.failure, world::WriteCode::kUnavailable);
  });
  api.first({});
  EXPECT_EQ(api.asked, 2);
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(runner.in_flight(), 0U);
}

}  // namespace
}  // namespace reprieve
