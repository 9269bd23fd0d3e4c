#include "runtime/pod_network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

constexpr std::uint16_t kPort = 5001;

// All is asked in threads of their own, as launchers do.
class PodNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = PodNetwork::Open();
    if (!opened) GTEST_SKIP() << "not permitted here: " << opened.error().message;
    network_ = std::move(*opened);
    block_ = network_->ClaimBlock();
    ASSERT_TRUE(block_);
  }

  Fd Connect(const std::string& address) {
    Result<Fd> pod = Error{};
    std::thread([&] { pod = network_->Connect(address); }).join();
    EXPECT_TRUE(pod.ok()) << (pod.ok() ? "" : pod.error().message);
    return pod.ok() ? std::move(*pod) : Fd();
  }

  static void In(const Fd& pod, const std::function<void()>& what) {
    std::thread([&] {
      ASSERT_EQ(setns(pod.get(), CLONE_NEWNET), 0) << std::strerror(errno);
      what();
    }).join();
  }

  static sockaddr_in Place(const std::string& address) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(kPort);
    out.sin_addr = Ipv4(address);
    return out;
  }

  static Fd Listen(const Fd& pod) {
    Fd server;
    In(pod, [&] {
      server = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const sockaddr_in all = Place("0.0.0.0");
      EXPECT_EQ(bind(server.get(), reinterpret_cast<const sockaddr*>(&all), sizeof all), 0) << std::strerror(errno);
      EXPECT_EQ(listen(server.get(), 8), 0);
    });
    return server;
  }

  // From whom the server hears of it; or what went wrong.
  static std::string Call(const std::string& address, const Fd& server) {
    const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = Place(address);
    if (connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return std::strerror(errno);
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const Fd accepted(accept(server.get(), reinterpret_cast<sockaddr*>(&from), &size));
    char text[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
  }

  std::unique_ptr<PodNetwork> network_;
  std::optional<AddressBlock> block_;
};

TEST_F(PodNetworkTest, PodsListenOnOnePortAndFindEachOtherAndThisMachineFindsThem) {
  const std::string a = block_->Address(0);
  const std::string b = block_->Address(1);
  const Fd first = Connect(a);
  const Fd second = Connect(b);
  const Fd at_first = Listen(first);
  const Fd at_second = Listen(second);
  In(first, [&] { EXPECT_EQ(Call(b, at_second), a); });
  In(second, [&] { EXPECT_EQ(Call(a, at_first), b); });
  In(second, [&] { EXPECT_EQ(Call(b, at_second), b); });
  In(second, [&] { EXPECT_EQ(Call("127.0.0.1", at_second), "127.0.0.1"); });
  EXPECT_EQ(Call(a, at_first), network_->machine_address());
}

TEST_F(PodNetworkTest, ThereIsNoWayOut) {
  const Fd pod = Connect(block_->Address(0));
  for (int i = 0; i < 20; ++i) {
    In(pod, [] { EXPECT_EQ(Call("192.0.2.1", Fd()), "Network is unreachable"); });
  }
}

// Twenty times, and not a few: the kernel tells of few unreachable places a second, and lets callers wait for others.
TEST_F(PodNetworkTest, APodThatIsNotThereRefusesAtOnce) {
  const Fd pod = Connect(block_->Address(0));
  const std::string nobody = block_->Address(77);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    In(pod, [&] { EXPECT_EQ(Call(nobody, Fd()), "Connection refused"); });
    EXPECT_EQ(Call(nobody, Fd()), "Connection refused");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(PodNetworkTest, ASuccessorHasTheAddress) {
  const std::string a = block_->Address(0);
  const std::string b = block_->Address(1);
  const Fd other = Connect(b);
  const Fd before = Connect(a);
  const Fd after = Connect(a);
  const Fd server = Listen(after);
  In(other, [&] { EXPECT_EQ(Call(a, server), b); });
}

TEST_F(PodNetworkTest, TwoNetworksKeepApart) {
  auto opened = PodNetwork::Open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const auto block = (*opened)->ClaimBlock();
  ASSERT_TRUE(block);
  EXPECT_FALSE(block->Range().Overlaps(block_->Range()));
}

}  // namespace
}  // namespace reprieve::runtime
