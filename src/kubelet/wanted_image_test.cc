#include "kubelet/wanted_image.h"

#include <gtest/gtest.h>

#include "model/testing.h"

namespace reprieve::kubelet {
namespace {

WantedImage Wanted(const std::string& image, const std::string& policy, const std::string& mapping) {
  core::Container container = testing::AContainer("main", {});
  container.image = image;
  container.image_pull_policy = policy;
  ImageMap images;
  images.set_engine(true);
  EXPECT_TRUE(images.Add(mapping).ok());
  return WantedImageOf(testing::ASpec(core::RestartPolicy::kNever, {std::move(container)}), 0, "default", {}, {},
                       images);
}

TEST(WantedImage, IsTheManifestsByTheManifestsPolicy) {
  const WantedImage wanted = Wanted("trainer:latest", "Always", "other=image:localhost/other:1");
  EXPECT_EQ(wanted.image, "trainer:latest");
  EXPECT_EQ(wanted.policy, "Always");
}

TEST(WantedImage, ThatStandsForAnotherIsPulledOnlyIfItIsNotThere) {
  const WantedImage wanted = Wanted("trainer:latest", "Always", "trainer=image:localhost/trainer:latest");
  EXPECT_EQ(wanted.image, "localhost/trainer:latest");
  EXPECT_EQ(wanted.policy, "IfNotPresent");
  EXPECT_EQ(Wanted("trainer", "Never", "trainer=image:localhost/trainer").policy, "Never");
}

}  // namespace
}  // namespace reprieve::kubelet
