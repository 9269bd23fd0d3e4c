#include "agent/barrier_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <vector>

namespace reprieve::agent {
namespace {

using Clock = BarrierServer::Clock;

BarrierServer Server(const std::string& address = "127.0.0.1") {
  auto server = BarrierServer::Listen(address, 0, "/go");
  EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().message);
  return std::move(*server);
}

runtime::Fd Connect(const BarrierServer& server) {
  runtime::Fd out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(out.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return out;
}

// The first line of the answer; "end" without one.
std::string Answer(BarrierServer& server, const runtime::Fd& client) {
  for (int i = 0; i < 1000; ++i) {
    pollfd waits[] = {{client.get(), POLLIN, 0}, {server.fd(), POLLIN, 0}};
    poll(waits, 2, 10'000);
    server.Go(Clock::now());
    if (waits[0].revents == 0) continue;
    char buffer[512];
    const ssize_t n = recv(client.get(), buffer, sizeof buffer, 0);
    if (n <= 0) return "end";
    const std::string text(buffer, static_cast<std::size_t>(n));
    return text.substr(0, text.find('\r'));
  }
  return "nothing comes";
}

std::string Ask(BarrierServer& server, const std::string& request) {
  const runtime::Fd client = Connect(server);
  EXPECT_EQ(send(client.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  return Answer(server, client);
}

TEST(BarrierServer, OnlyAGetOfThePathIsGood) {
  BarrierServer server = Server();
  EXPECT_EQ(Ask(server, "GET /go HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200 OK");
  EXPECT_EQ(Ask(server, "GET /go?a=b HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK");
  EXPECT_EQ(Ask(server, "GET /gone HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(Ask(server, "GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(Ask(server, "POST /go HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(Ask(server, "GET /go\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(Ask(server, "\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

TEST(BarrierServer, EveryAddressMeansThisOneToo) {
  BarrierServer server = Server("");
  EXPECT_EQ(Ask(server, "GET /go HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 OK");
}

TEST(BarrierServer, ARequestMayComeInPiecesButNotWithoutEnd) {
  BarrierServer server = Server();
  const runtime::Fd client = Connect(server);
  for (const std::string_view piece : {"GET /g", "o HTTP/1.1\r", "\n\r\n"}) {
    send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    server.Go(Clock::now());
  }
  EXPECT_EQ(Answer(server, client), "HTTP/1.1 200 OK");
  EXPECT_EQ(Ask(server, "GET /go HTTP/1.1\r\nX: " + std::string(BarrierServer::kMaxRequestBytes, 'x')),
            "HTTP/1.1 400 Bad Request");
}

TEST(BarrierServer, ASilentClientIsDisconnectedAfterAWhile) {
  BarrierServer server = Server();
  const runtime::Fd client = Connect(server);
  const auto now = Clock::now();
  for (int i = 0; i < 1000 && !server.due(); ++i) {
    pollfd wait{server.fd(), POLLIN, 0};
    poll(&wait, 1, 10'000);
    server.Go(now);
  }
  ASSERT_TRUE(server.due());
  EXPECT_EQ(*server.due(), now + BarrierServer::kMaxTime);
  server.Go(now + BarrierServer::kMaxTime);
  EXPECT_FALSE(server.due());
  EXPECT_EQ(Answer(server, client), "end");
}

TEST(BarrierServer, APortThatIsTakenIsAnError) {
  const BarrierServer server = Server();
  const auto second = BarrierServer::Listen("127.0.0.1", server.port(), "/go");
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos);
  EXPECT_FALSE(BarrierServer::Listen("nowhere", 0, "/go").ok());
}

}  // namespace
}  // namespace reprieve::agent
