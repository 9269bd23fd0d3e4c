#include "kube/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "document/json.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using net::testing::Peer;
using net::testing::RunUntil;
using testing::Asked;
using testing::FakeServer;

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    job_.namespace_ = "n";
    job_.name = "j";
    job_.uid = meta::Uid("u");
  }
  ~RecorderTest() override {
    recorder_.reset();
    rest_.reset();
  }

  void Record(const std::string& reason, const std::string& message, int second = 0, bool decided = false) {
    world::Event event;
    event.at = Time(Seconds(1'000'000 + second));
    event.about = {world::Kind::kJob, {"n", "j"}};
    event.reason = reason;
    event.message = message;
    recorder_->Record(event, job_, decided);
    ++recorded_;
  }
  // The messages of the events that were created, in their order, once all that was recorded was sent or dropped.
  std::vector<std::string> Created() {
    EXPECT_TRUE(RunUntil(loop_, [&] { return server_.count() + recorder_->dropped() >= recorded_; }));
    std::vector<std::string> out;
    for (const Asked& asked : server_.asked()) {
      if (asked.method == "POST") out.push_back((*document::ParseJson(asked.body))["message"].AsText());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  // The greatest count that an event was given.
  std::int64_t LastCount() const {
    std::int64_t out = 1;
    for (const Asked& asked : server_.asked()) {
      if (asked.method == "PATCH") out = std::max(out, (*document::ParseJson(asked.body))["count"].AsInt());
    }
    return out;
  }

  net::Loop loop_;
  FakeServer server_{[](const Asked&, Peer& peer) { peer.Answer("{}"); }};
  std::unique_ptr<Rest> rest_ = server_.MakeRest(loop_);
  std::unique_ptr<Recorder> recorder_ = std::make_unique<Recorder>(*rest_, "test");
  meta::ObjectMeta job_;
  std::uint64_t recorded_ = 0;
};

TEST_F(RecorderTest, SixtyPodsLeaveTenEventsWhoseCountsAddUpTo25) {
  for (int i = 0; i < 60; ++i) Record("SuccessfulCreate", "Created pod: j-" + std::to_string(10 + i));
  const std::vector<std::string> created = Created();
  ASSERT_EQ(created.size(), 10U);
  EXPECT_EQ(created[0], "(combined from similar events): Created pod: j-19");
  EXPECT_EQ(created[9], "Created pod: j-18");
  EXPECT_EQ(LastCount(), 16);  // 9 and 16 are 25
  EXPECT_EQ(recorder_->dropped(), 35U);
}

TEST_F(RecorderTest, ReasonsAreCombinedEachByItself) {
  for (int i = 0; i < 9; ++i) Record("SuccessfulCreate", "Created pod: " + std::to_string(i));
  Record("SuccessfulDelete", "Deleted pod: 1");
  EXPECT_EQ(Created().size(), 10U);
}

TEST_F(RecorderTest, WhatWasDecidedIsNeverCombinedAndSaysWhatWasLostBeforeIt) {
  for (int i = 0; i < 105; ++i) Record(std::string(kJudged), "verdict " + std::to_string(1000 + i), 0, true);
  EXPECT_EQ(Created().size(), 100U);
  Record(std::string(kJudged), "verdict 2000", 10, true);
  EXPECT_EQ(Created().back(), "verdict 2000 (5 before it were not recorded)");
}

TEST_F(RecorderTest, TheSameEventAgainRaisesItsCount) {
  for (int i = 0; i < 3; ++i) Record("FailedCreate", "Error creating: quota", i);
  EXPECT_EQ(Created().size(), 1U);
  EXPECT_EQ(LastCount(), 3);
}

}  // namespace
}  // namespace reprieve::kube
