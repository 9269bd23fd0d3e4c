#include "agent/socket_link.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "node/agent_server.h"

namespace reprieve::agent {
namespace {

policy::InPlaceNews News(std::optional<std::int32_t> current) {
  return {.in_place = true, .disabled = false, .current = current, .previous = {}};
}

class SocketLinkTest : public ::testing::Test {
 protected:
  SocketLinkTest() {
    std::string pattern = "/tmp/link-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~SocketLinkTest() override { std::filesystem::remove_all(directory_); }

  std::string Path() const { return directory_ + "/socket"; }
  // Runs the link until news comes.
  static std::optional<policy::InPlaceNews> Hear(SocketLink& link) {
    for (int i = 0; i < 1000; ++i) {
      if (auto news = link.Go(Clock::now())) return news;
      pollfd wait = link.poll_request();
      poll(&wait, 1, link.due() ? 20 : 10'000);
    }
    return std::nullopt;
  }

  std::string directory_;
};

// A server and the reports that it received.
struct Server {
  std::mutex mutex;
  std::condition_variable changed;
  bool told = false;
  node::AgentServer server{[this] {
    const std::lock_guard lock(mutex);
    told = true;
    changed.notify_all();
  }};

  std::int32_t Attempt() {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [this] { return told; }));
    told = false;
    return server.TakeReports()[1];
  }
};

TEST_F(SocketLinkTest, ItReceivesNewsAndReportsTheAttempt) {
  Server server;
  ASSERT_TRUE(server.server.Open(1, Path(), News(2)).ok());
  SocketLink link(Path(), [](const std::string& text) { ADD_FAILURE() << text; });
  EXPECT_EQ(Hear(link), News(2));
  link.Report(3);
  EXPECT_EQ(server.Attempt(), 3);
  server.server.Publish(1, News(3));
  EXPECT_EQ(Hear(link), News(3));
}

TEST_F(SocketLinkTest, WhenTheConnectionIsLostItSaysSoOnceAndReportsItsAttemptAgain) {
  int said = 0;
  SocketLink link(Path(), [&said](const std::string&) { ++said; });
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(link.Go(Clock::now() + std::chrono::seconds(10 * i)));  // nothing listens
  }
  EXPECT_EQ(said, 1);
  link.Report(5);
  Server server;
  ASSERT_TRUE(server.server.Open(1, Path(), News(4)).ok());
  auto news = link.Go(Clock::now() + std::chrono::hours(1));
  if (!news) news = Hear(link);
  EXPECT_EQ(news, News(4));
  EXPECT_EQ(server.Attempt(), 5);
}

}  // namespace
}  // namespace reprieve::agent
