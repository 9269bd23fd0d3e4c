#include "model/jobset_version.h"

#include <gtest/gtest.h>

namespace reprieve::model {
namespace {

TEST(JobSetVersion, IsReadAsReleasesAndPeopleWriteIt) {
  for (const char* text : {"0.11", "v0.11", "0.11.1", "v0.11.0"}) {
    const auto version = ParseJobSetVersion(text);
    ASSERT_TRUE(version.ok()) << text;
    EXPECT_EQ(version->ToString(), "0.11");
  }
}

TEST(JobSetVersion, IsTheNewestUnlessNamed) {
  EXPECT_EQ(JobSetVersion().ToString(), "0.13");
}

TEST(JobSetVersion, OutsideOfTheKnownOnesIsRefusedWithTheRange) {
  for (const char* text : {"", "0", "0.7", "0.14", "1.11", "0.", "0.1x", "0.11.x", "0.11.1.1", "v"}) {
    const auto version = ParseJobSetVersion(text);
    ASSERT_FALSE(version.ok()) << text;
    EXPECT_NE(version.error().message.find("known are 0.8 to 0.13"), std::string::npos) << version.error().message;
  }
}

}  // namespace
}  // namespace reprieve::model
