#include "node/agent_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "node/unix_socket.h"

namespace reprieve::node {
namespace {

constexpr int kPatienceMillis = 10'000;

policy::InPlaceNews News(std::optional<std::int32_t> current) {
  return {.in_place = true, .disabled = false, .current = current, .previous = {}};
}

// One connection, as an agent makes it.
class Client {
 public:
  explicit Client(const std::string& path) {
    auto connected = ConnectTo(path);
    EXPECT_TRUE(connected.ok()) << (connected.ok() ? "" : connected.error().message);
    if (connected.ok()) fd_ = std::move(*connected);
  }
  // The next line; "end" when there will be no more.
  std::string Line() {
    for (;;) {
      if (auto line = heard_.Take()) return *line;
      pollfd wait{fd_.get(), POLLIN, 0};
      if (poll(&wait, 1, kPatienceMillis) != 1) return "nothing comes";
      char buffer[256];
      const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n <= 0) return "end";
      EXPECT_TRUE(heard_.Add({buffer, static_cast<std::size_t>(n)}));
    }
  }
  void Send(const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
      pollfd wait{fd_.get(), POLLOUT, 0};
      if (poll(&wait, 1, kPatienceMillis) != 1) return;
      const ssize_t n = send(fd_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n < 0) return;  // the server has had enough
      sent += static_cast<std::size_t>(n);
    }
  }

 private:
  runtime::Fd fd_;
  AgentLines heard_;
};

class AgentServerTest : public ::testing::Test {
 protected:
  AgentServerTest() {
    std::string pattern = "/tmp/agents-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~AgentServerTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string PathOf(scheduler::PodNumber pod) const { return Cat(directory_, "/", pod); }
  void Open(scheduler::PodNumber pod, std::optional<std::int32_t> current = {}) {
    const auto opened = server_->Open(pod, PathOf(pod), News(current));
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
  }
  // Once there is a report: all of them.
  std::map<scheduler::PodNumber, std::int32_t> Reports() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMillis), [this] { return told_ > 0; }));
    told_ = 0;
    return server_->TakeReports();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int told_ = 0;
  std::string directory_;
  std::unique_ptr<AgentServer> server_ = std::make_unique<AgentServer>([this] {
    const std::lock_guard lock(mutex_);
    ++told_;
    changed_.notify_all();
  });
};

TEST_F(AgentServerTest, WhoConnectsHearsTheNewestFirstAndThenWhatChanges) {
  Open(7);
  server_->Publish(7, News(0));
  Client client(PathOf(7));
  EXPECT_EQ(client.Line(), R"({"strategy":"InPlaceRestart","disabled":false,"current":0})");
  server_->Publish(7, News(1));
  EXPECT_EQ(client.Line(), R"({"strategy":"InPlaceRestart","disabled":false,"current":1})");
}

TEST_F(AgentServerTest, AReportCountsForThePodWhoseSocketItCameThrough) {
  Open(1);
  Open(2);
  Client one(PathOf(1));
  Client two(PathOf(2));
  two.Send("{\"attempt\": 5}\n");
  EXPECT_EQ(Reports(), (std::map<scheduler::PodNumber, std::int32_t>{{2, 5}}));
  one.Send("{\"attempt\": 0}\n");
  EXPECT_EQ(Reports(), (std::map<scheduler::PodNumber, std::int32_t>{{1, 0}}));
}

TEST_F(AgentServerTest, OfManyReportsOnlyTheNewestIsKept) {
  Open(1);
  Client client(PathOf(1));
  std::string flood;
  for (int i = 0; i <= 1000; ++i) AppendTo(flood, "{\"attempt\":", i, "}\n");
  client.Send(flood);
  std::int32_t last = -1;
  while (last < 1000) {
    const auto reports = Reports();
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_GT(reports.at(1), last);
    last = reports.at(1);
  }
}

TEST_F(AgentServerTest, WhoBreaksTheRulesIsDisconnectedAndChangesNothing) {
  Open(1);
  for (const std::string& text :
       {std::string("nonsense\n"), std::string("{\"attempt\":-1}\n"), std::string("{}\n"), std::string("[1]\n"),
        std::string("{\"attempt\":4294967296}\n"), std::string(2 * kMaxAgentLine, 'x')}) {
    Client client(PathOf(1));
    client.Line();
    client.Send(text);
    EXPECT_EQ(client.Line(), "end") << text.substr(0, 20);
  }
  EXPECT_TRUE(server_->TakeReports().empty());
}

TEST_F(AgentServerTest, APodHasOnlySoManyConnectionsAndGetsThemBack) {
  Open(1);
  std::vector<Client> clients;
  for (std::size_t i = 0; i < AgentServer::kMaxPeersOfAPod; ++i) {
    clients.emplace_back(PathOf(1));
    EXPECT_NE(clients.back().Line(), "end");
  }
  EXPECT_EQ(Client(PathOf(1)).Line(), "end");
  clients.pop_back();
  std::string line = "end";
  for (int i = 0; i < 1000 && line == "end"; ++i) line = Client(PathOf(1)).Line();
  EXPECT_NE(line, "end");
}

TEST_F(AgentServerTest, AReaderThatSleepsWakesToTheNewestNews) {
  Open(1);
  Client client(PathOf(1));
  constexpr int kLast = 20'000;  // more than a socket holds
  for (int i = 0; i <= kLast; ++i) server_->Publish(1, News(i));
  int lines = 1;
  std::string line = client.Line();
  for (; line.find(Cat(":", kLast, "}")) == std::string::npos && line.starts_with('{'); ++lines) line = client.Line();
  EXPECT_EQ(line, Cat(R"({"strategy":"InPlaceRestart","disabled":false,"current":)", kLast, "}"));
  EXPECT_LT(lines, kLast);
}

TEST_F(AgentServerTest, WhatIsClosedIsGone) {
  Open(1);
  Client client(PathOf(1));
  client.Line();
  server_->Close(1);
  EXPECT_EQ(client.Line(), "end");
  EXPECT_FALSE(ConnectTo(PathOf(1)).ok());
  server_->Close(1);
}

TEST_F(AgentServerTest, APathMayBeLongerThanAnAddress) {
  directory_ += "/" + std::string(200, 'd');
  std::filesystem::create_directory(directory_);
  Open(1);
  EXPECT_EQ(Client(PathOf(1)).Line(), R"({"strategy":"InPlaceRestart","disabled":false})");
  directory_ = std::filesystem::path(directory_).parent_path();
}

TEST(AgentProtocol, WhatIsSaidIsHeard) {
  const policy::InPlaceNews said[] = {{}, News(3), {.in_place = true, .disabled = true, .current = 4, .previous = 3}};
  for (const auto& news : said) {
    std::string line = EncodeNews(news);
    ASSERT_EQ(line.back(), '\n');
    line.pop_back();
    const auto heard = DecodeNews(line);
    ASSERT_TRUE(heard.ok());
    EXPECT_EQ(*heard, news);
  }
  EXPECT_FALSE(DecodeNews("{}").ok());
  EXPECT_EQ(DecodeAttempt(R"({"attempt": 12, "more": true})").value(), 12);
}

}  // namespace
}  // namespace reprieve::node
