#include "model/kubernetes_version.h"

#include <gtest/gtest.h>

namespace reprieve::model {
namespace {

TEST(KubernetesVersion, IsReadAsServersAndPeopleWriteIt) {
  for (const char* text : {"1.36", "v1.36", "1.36.3", "v1.36.0"}) {
    const auto version = ParseKubernetesVersion(text);
    ASSERT_TRUE(version.ok()) << text;
    EXPECT_EQ(version->ToString(), "1.36");
  }
}

TEST(KubernetesVersion, IsTheNewestUnlessNamed) {
  EXPECT_EQ(KubernetesVersion().ToString(), "1.37");
}

TEST(KubernetesVersion, OutsideOfTheKnownOnesIsRefusedWithTheRange) {
  for (const char* text : {"", "1", "1.30", "1.38", "2.36", "1.", "1.3x", "1.36.x", "1.36.1.1", "-1.36", "vv1.36"}) {
    const auto version = ParseKubernetesVersion(text);
    ASSERT_FALSE(version.ok()) << text;
    EXPECT_NE(version.error().message.find("known are 1.31 to 1.37"), std::string::npos) << version.error().message;
  }
}

}  // namespace
}  // namespace reprieve::model
