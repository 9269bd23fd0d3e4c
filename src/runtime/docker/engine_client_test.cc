#include "runtime/docker/engine_client.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "runtime/docker/testing.h"

namespace reprieve::runtime::docker {
namespace {

using testing::FakeEngine;

TEST(Engine, OfAnotherKernelIsRefused) {
  FakeEngine engine;
  engine.kernel = "5.15.49-linuxkit";
  const auto client = EngineClient::Connect(engine.path());
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().message.find("another kernel (5.15.49-linuxkit)"), std::string::npos)
      << client.error().message;
}

TEST(Engine, PodmanIsKnownByItsHeaders) {
  FakeEngine engine(true);
  const auto client = EngineClient::Connect(engine.path());
  ASSERT_TRUE(client.ok()) << client.error().message;
  EXPECT_EQ((*client)->identity().Describe(), Cat("Podman 9.9 at ", engine.path()));
  EXPECT_EQ(engine.asked(), (std::vector<std::string>{"GET /_ping", "GET /info"}));
}

// This process listens here, by another name for a moment.
TEST(Engine, PodmanThatIsSeenToListenIsNotAskedForItsKernel) {
  char before[16] = {};
  ASSERT_EQ(prctl(PR_GET_NAME, before), 0);
  ASSERT_EQ(prctl(PR_SET_NAME, "podman"), 0);
  FakeEngine engine(true);
  engine.kernel = "6.1.0-virtual";
  const auto client = EngineClient::Connect(engine.path());
  prctl(PR_SET_NAME, before);
  ASSERT_TRUE(client.ok()) << client.error().message;
  EXPECT_EQ((*client)->identity().Describe(), Cat("Podman 9.9 at ", engine.path()));
  EXPECT_EQ(engine.asked(), (std::vector<std::string>{"GET /_ping"}));
}

TEST(Engine, OfPodmanWithAnOldApiIsRefused) {
  FakeEngine engine(true);
  engine.api = "1.40";
  const auto client = EngineClient::Connect(engine.path());
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().message.find("speaks version 1.40"), std::string::npos) << client.error().message;
}

TEST(Engine, OfPodmanInAnotherKernelIsRefused) {
  FakeEngine engine(true);
  engine.kernel = "6.1.0-virtual";
  const auto client = EngineClient::Connect(engine.path());
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().message.find("another kernel (6.1.0-virtual)"), std::string::npos) << client.error().message;
}

TEST(Engine, OfAnOldApiIsRefused) {
  FakeEngine engine;
  engine.api = "1.39";
  const auto client = EngineClient::Connect(engine.path());
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().message.find("speaks version 1.39"), std::string::npos) << client.error().message;
}

}  // namespace
}  // namespace reprieve::runtime::docker
