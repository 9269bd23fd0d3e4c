#include "store/event_log.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::store {
namespace {

constexpr Time kStart{std::chrono::seconds(1'000'000)};

world::Event EventOf(const std::string& job, const std::string& message, Time at) {
  return {at, {world::Kind::kJob, {"ns", job}}, false, "SuccessfulCreate", message};
}

TEST(EventLog, WhatDidNotOccurForAnHourHasGone) {
  EventLog log;
  log.Add(EventOf("a", "one", kStart));
  log.Add(EventOf("a", "two", kStart));
  log.Add(EventOf("b", "three", kStart));
  log.Add(EventOf("a", "two", kStart + Seconds(300)));
  log.Add(EventOf("a", "four", kStart + Seconds(3600)));
  const std::vector<world::Event> about = log.About({world::Kind::kJob, {"ns", "a"}});
  ASSERT_EQ(about.size(), 2U);
  EXPECT_EQ(about[0].message, "two");
  EXPECT_EQ(about[1].message, "four");
  EXPECT_TRUE(log.About({world::Kind::kJob, {"ns", "b"}}).empty());
  EXPECT_EQ(log.size(), 2U);
}

TEST(EventLog, HasAsManyEventsAsItMayHaveAtMost) {
  EventLog log;
  for (std::size_t i = 0; i < EventLog::kMaxEvents + 10; ++i) log.Add(EventOf(Cat("job-", i), "made", kStart));
  EXPECT_EQ(log.size(), EventLog::kMaxEvents);
  EXPECT_TRUE(log.About({world::Kind::kJob, {"ns", "job-0"}}).empty());
  EXPECT_EQ(log.About({world::Kind::kJob, {"ns", Cat("job-", EventLog::kMaxEvents + 9)}}).size(), 1U);
}

TEST(EventLog, OfManySimilarEventsTheLaterAreOneThatShowsTheNewest) {
  EventLog log;
  for (int i = 0; i < 30; ++i) log.Add(EventOf("a", Cat("pod ", i), kStart));
  const std::vector<world::Event> about = log.About({world::Kind::kJob, {"ns", "a"}});
  ASSERT_EQ(about.size(), 10U);
  EXPECT_EQ(about.back().message, "(combined from similar events): pod 29");
}

}  // namespace
}  // namespace reprieve::store
