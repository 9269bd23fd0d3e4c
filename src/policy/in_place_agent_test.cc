#include "policy/in_place_agent.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace reprieve::policy {
namespace {

using Attempt = std::optional<std::int32_t>;

InPlaceNews News(Attempt current, Attempt previous = std::nullopt) {
  return {.in_place = true, .disabled = false, .current = current, .previous = previous};
}

InPlaceNews Disabled(InPlaceNews news) {
  news.disabled = true;
  return news;
}

InPlaceNews OtherStrategy(InPlaceNews news) {
  news.in_place = false;
  return news;
}

// "report 1, restart", "lift" or "".
std::string Done(const InPlaceStep& step) {
  std::string out;
  const auto add = [&out](const std::string& word) { out += (out.empty() ? "" : ", ") + word; };
  if (step.report) add("report " + std::to_string(*step.report));
  if (step.restart) add("restart");
  if (step.lift) add("lift");
  return out;
}

TEST(InPlaceAgent, TheFirstAttemptOfAJobSetThatHasNotBegunIsZero) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News({}))), "report 0");
  EXPECT_FALSE(agent.lifted());
}

TEST(InPlaceAgent, AfterThatItIsOneMoreThanWhatAllHaveReached) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News(3))), "report 4");
}

TEST(InPlaceAgent, TheBarrierHoldsUntilAllHaveReachedItsAttempt) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News(0))), "report 1");
  EXPECT_EQ(Done(agent.Hear(News(0, 0))), "");
  EXPECT_EQ(Done(agent.Hear(News(1, 0))), "lift");
  EXPECT_EQ(Done(agent.Hear(News(1, 0))), "");
}

TEST(InPlaceAgent, AnAttemptIsChosenOnlyOnce) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News({}))), "report 0");
  EXPECT_EQ(Done(agent.Hear(News(5))), "");
  EXPECT_EQ(agent.attempt(), 0);
}

TEST(InPlaceAgent, AnAttemptThatIsOverRestartsThePodBeforeAndAfterTheBarrier) {
  InPlaceAgent held;
  EXPECT_EQ(Done(held.Hear(News({}))), "report 0");
  EXPECT_EQ(Done(held.Hear(News({}, 0))), "restart");

  InPlaceAgent running;
  EXPECT_EQ(Done(running.Hear(News({}))), "report 0");
  EXPECT_EQ(Done(running.Hear(News(0))), "lift");
  EXPECT_EQ(Done(running.Hear(News(0, 0))), "restart");
}

TEST(InPlaceAgent, AnOlderAttemptThatIsOverIsIgnored) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News(1, 1))), "report 2");
  EXPECT_EQ(Done(agent.Hear(News(2, 1))), "lift");
}

TEST(InPlaceAgent, APodThatBeginsWithAnAttemptThatIsOverReportsItAndRestarts) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News({}, 0))), "report 0, restart");
}

TEST(InPlaceAgent, SwitchedOffItLiftsOnceAndDoesNothingElse) {
  for (const auto& off : {Disabled, OtherStrategy}) {
    InPlaceAgent agent;
    EXPECT_EQ(Done(agent.Hear(off(News({})))), "lift");
    EXPECT_EQ(Done(agent.Hear(off(News(7, 6)))), "");
    EXPECT_FALSE(agent.attempt());
  }
}

TEST(InPlaceAgent, SwitchedOffWhileItWaitsItLifts) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(News({}))), "report 0");
  EXPECT_EQ(Done(agent.Hear(Disabled(News({}, 0)))), "lift");
}

TEST(InPlaceAgent, SwitchedOnAgainItReportsButDoesNotLiftTwice) {
  InPlaceAgent agent;
  EXPECT_EQ(Done(agent.Hear(Disabled(News(0)))), "lift");
  EXPECT_EQ(Done(agent.Hear(News(0))), "report 1");
  EXPECT_EQ(Done(agent.Hear(News(1))), "");
  EXPECT_EQ(Done(agent.Hear(News(1, 1))), "restart");
}

TEST(InPlaceAgent, TheGreatestRepresentableAttemptIsNotExceeded) {
  InPlaceAgent agent;
  constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(agent.Hear(News(kLast)).report, kLast);
}

}  // namespace
}  // namespace reprieve::policy
