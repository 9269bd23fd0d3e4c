#include "cli/repeated_warnings.h"

#include <gtest/gtest.h>

namespace reprieve::cli {
namespace {

class RepeatedWarningsTest : public testing::Test {
 protected:
  bool Add(std::string_view message, Seconds at, bool explained = false) {
    world::Event event;
    event.at = Time(at);
    event.about = {world::Kind::kJob, {"default", "train"}};
    event.warning = true;
    event.reason = "FailedCreate";
    event.message = message;
    return warnings_.Add(event, explained, ended_);
  }

  const std::string refused_ =
      "Error creating: admission webhook \"vpod.kb.io\" denied the request: follower pod node selector not set";
  RepeatedWarnings warnings_;
  std::vector<std::string> ended_;
};

TEST_F(RepeatedWarningsTest, TheSameIsToldOnceAndCounted) {
  EXPECT_TRUE(Add("quota", Seconds(0)));
  EXPECT_FALSE(Add("quota", Seconds(1)));
  EXPECT_EQ(warnings_.Rest(), std::vector<std::string>{"train FailedCreate came 2 times: quota"});
  EXPECT_TRUE(Add("forbidden", Seconds(2)));
  EXPECT_EQ(ended_, std::vector<std::string>{"train FailedCreate came 2 times: quota"});
}

TEST_F(RepeatedWarningsTest, ARefusedFollowerIsToldOnlyIfThatLasts) {
  EXPECT_FALSE(Add(refused_, Seconds(0)));
  EXPECT_FALSE(Add(refused_, Seconds(9)));
  EXPECT_TRUE(warnings_.Rest().empty());
  EXPECT_TRUE(Add(refused_, Seconds(10)));
}

TEST_F(RepeatedWarningsTest, NorWhileItsLeaderIsSaidToWait) {
  EXPECT_FALSE(Add(refused_, Seconds(0)));
  EXPECT_FALSE(Add(refused_, Seconds(60), /*explained=*/true));
  EXPECT_FALSE(Add(refused_, Seconds(69)));
  EXPECT_TRUE(Add(refused_, Seconds(70)));
}

}  // namespace
}  // namespace reprieve::cli
