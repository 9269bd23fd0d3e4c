#include "kubelet/socket_prober.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>

#include "base/text.h"
#include "net/testing.h"
#include "net/testing_identity.h"

namespace reprieve::kubelet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A server on this machine that gives each connection the next of its answers, and repeats the last one.
class Server {
 public:
  explicit Server(std::vector<std::string> answers, milliseconds pause = milliseconds(0))
      : answers_(std::move(answers)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(listener_.get(), 128);
    thread_ = std::jthread([this, pause](const std::stop_token& stop) {
      for (std::size_t next = 0; !stop.stop_requested();) {
        pollfd wait{listener_.get(), POLLIN, 0};
        if (poll(&wait, 1, 20) <= 0) continue;
        const runtime::Fd peer(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        ++connections;
        char request[4096];
        const ssize_t n = recv(peer.get(), request, sizeof request, 0);
        if (n > 0) last_request = std::string(request, static_cast<std::size_t>(n));
        std::this_thread::sleep_for(pause);
        const std::string& answer = answers_[next];
        next = std::min(next + 1, answers_.size() - 1);
        send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    });
  }
  std::uint16_t port() const { return port_; }

  std::atomic<int> connections = 0;
  std::string last_request;  // read it only after an answer has come

 private:
  std::vector<std::string> answers_;
  runtime::Fd listener_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

class SocketProberTest : public testing::Test {
 protected:
  // "success GET http://127.0.0.1:PORT/: 200"
  std::string Ask(SocketAttempt attempt) {
    attempt.ticket.pod = ++asked_;
    const scheduler::PodNumber number = attempt.ticket.pod;
    const std::string port = Cat(":", attempt.port);
    prober_.Try(std::move(attempt));
    return Heard(number, port);
  }
  std::string Get(std::uint16_t port, milliseconds timeout = seconds(5)) {
    return Ask({{}, "127.0.0.1", port, HttpGet{"127.0.0.1", port, "/", {}, false}, std::nullopt, false, timeout});
  }
  std::string Connect(std::uint16_t port, const std::string& host = "127.0.0.1") {
    return Ask({{}, host, port, std::nullopt, std::nullopt, false, seconds(5)});
  }
  std::string Heard(scheduler::PodNumber number, const std::string& port) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, seconds(20), [&] { return answers_.contains(number); })) return "no answer";
    const ProbeAnswer& answer = answers_.at(number);
    std::string message = answer.message;
    if (const auto at = message.find(port); at != std::string::npos) message.replace(at, port.size(), ":PORT");
    constexpr std::string_view kNames[] = {"success", "failure", "unknown"};
    return Cat(kNames[static_cast<std::size_t>(answer.outcome)], " ", message);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<scheduler::PodNumber, ProbeAnswer> answers_;
  scheduler::PodNumber asked_ = 0;
  SocketProber prober_{[this](ProbeAnswer answer) {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(answers_.contains(answer.ticket.pod)) << "answered twice";
    answers_[answer.ticket.pod] = std::move(answer);
    changed_.notify_all();
  }};
};

std::string Status(std::string_view status, std::string_view fields = "") {
  return Cat("HTTP/1.1 ", status, "\r\n", fields, "Content-Length: 2\r\n\r\nok");
}

TEST_F(SocketProberTest, From200To399IsSuccess) {
  const Server server({Status("200 OK"), Status("399 x"), Status("400 Bad"), Status("503 No"), Status("199 x")});
  EXPECT_EQ(Get(server.port()), "success GET http://127.0.0.1:PORT/: 200");
  EXPECT_TRUE(server.last_request.starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:")) << server.last_request;
  EXPECT_EQ(Get(server.port()), "success GET http://127.0.0.1:PORT/: 399");
  EXPECT_EQ(Get(server.port()), "failure GET http://127.0.0.1:PORT/: 400");
  EXPECT_EQ(Get(server.port()), "failure GET http://127.0.0.1:PORT/: 503");
}

TEST_F(SocketProberTest, RedirectsAreFollowedTenTimesAndNotToOthers) {
  const Server once({Status("302 x", "Location: /b\r\n"), Status("500 x")});
  EXPECT_EQ(Get(once.port()), "failure GET http://127.0.0.1:PORT/b: 500");
  EXPECT_EQ(once.connections, 2);
  const Server away({Status("302 x", "Location: http://example.org/\r\n")});
  EXPECT_EQ(Get(away.port()), "success GET http://127.0.0.1:PORT/: 302");
  const Server round({Status("302 x", "Location: /\r\n")});
  EXPECT_EQ(Get(round.port()), "failure GET http://127.0.0.1:PORT/: too many redirects");
  EXPECT_EQ(round.connections, 11);
}

TEST_F(SocketProberTest, ARefusedConnectionIsAFailure) {
  std::uint16_t port = 0;
  { port = Server({""}).port(); }
  EXPECT_EQ(Get(port), "failure GET http://127.0.0.1:PORT/: Connection refused");
  EXPECT_EQ(Connect(port), "failure tcp 127.0.0.1:PORT: Connection refused");
}

TEST_F(SocketProberTest, AConnectionIsEnoughForTcp) {
  const Server server({""});
  EXPECT_EQ(Connect(server.port()), "success tcp 127.0.0.1:PORT: connected");
  EXPECT_EQ(Connect(server.port(), "host.example"), "unknown tcp host.example:PORT: host.example is not an address");
}

TEST_F(SocketProberTest, NoAnswerInTimeIsAFailure) {
  const Server server({Status("200 OK")}, milliseconds(400));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(Get(server.port(), milliseconds(100)), "failure GET http://127.0.0.1:PORT/: no answer within 100ms");
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(100));
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(390));
}

TEST_F(SocketProberTest, AnAnswerThatIsNotHttpIsAFailure) {
  const Server server({"SSH-2.0\r\n\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"});
  EXPECT_EQ(Get(server.port()), "failure GET http://127.0.0.1:PORT/: the answer is not HTTP");
  EXPECT_EQ(Get(server.port()), "failure GET http://127.0.0.1:PORT/: closed without an answer");
  EXPECT_EQ(Get(server.port()), "unknown GET http://127.0.0.1:PORT/: the answer was cut off");
}

class TlsProberTest : public SocketProberTest {
 protected:
  TlsProberTest() {
    SSL_CTX_use_certificate(context_, identity_.certificate);
    SSL_CTX_use_PrivateKey(context_, identity_.key);
  }
  ~TlsProberTest() override { SSL_CTX_free(context_); }
  TlsProberTest(const TlsProberTest&) = delete;
  TlsProberTest& operator=(const TlsProberTest&) = delete;

  std::string GetByTls(std::uint16_t port, bool any_status = false, milliseconds timeout = seconds(5)) {
    core::HttpHeader secret;
    secret.name = "Authorization";
    secret.value = "x";
    return Ask(
        {{}, "127.0.0.1", port, HttpGet{"127.0.0.1", port, "/", {secret}, true}, std::nullopt, any_status, timeout});
  }

  const net::testing::Identity identity_{"DNS:elsewhere.example", -60};
  SSL_CTX* const context_ = SSL_CTX_new(TLS_server_method());
};

TEST_F(TlsProberTest, AnyCertificateIsTakenAndRedirectsLeadToTlsAndAway) {
  const net::testing::ScriptedServer server(
      [](net::testing::Peer& peer, int number) {
        peer.ReadRequest();
        peer.Answer("", number == 0 ? "HTTP/1.1 302 Found\r\nLocation: /b\r\n" : "HTTP/1.1 503 No\r\n");
      },
      context_);
  EXPECT_EQ(GetByTls(server.port()), "failure GET https://127.0.0.1:PORT/b: 503");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(TlsProberTest, OnlyAHookIsSentAgainWithoutTls) {
  const Server server({Status("400 This is HTTP"), Status("400 This is HTTP"), Status("200 OK")});
  EXPECT_EQ(GetByTls(server.port()), "failure GET https://127.0.0.1:PORT/: no TLS: wrong version number");
  EXPECT_EQ(GetByTls(server.port(), true), "success GET http://127.0.0.1:PORT/: 200");
  EXPECT_EQ(server.last_request.find("Authorization"), std::string::npos) << server.last_request;
}

TEST_F(TlsProberTest, AHandshakeThatNobodyAnswersIsAFailure) {
  const Server server({""}, milliseconds(400));
  EXPECT_EQ(GetByTls(server.port(), false, milliseconds(100)),
            "failure GET https://127.0.0.1:PORT/: no answer within 100ms");
}

TEST_F(SocketProberTest, ManyAtOnceAreEachAnsweredOnce) {
  const Server server({Status("200 OK")});
  constexpr scheduler::PodNumber kMany = 100;
  for (scheduler::PodNumber i = 1; i <= kMany; ++i) {
    prober_.Try({{.pod = i, .attempt = {}},
                 "127.0.0.1",
                 server.port(),
                 HttpGet{"127.0.0.1", server.port(), "/", {}, false},
                 std::nullopt,
                 false,
                 seconds(20)});
  }
  for (scheduler::PodNumber i = 1; i <= kMany; ++i) {
    EXPECT_EQ(Heard(i, Cat(":", server.port())), "success GET http://127.0.0.1:PORT/: 200");
  }
}

TEST(SocketProber, EndsWithAttemptsUnderWay) {
  const Server server({Status("200 OK")}, milliseconds(300));
  bool answered = false;
  {
    SocketProber prober([&](const ProbeAnswer&) { answered = true; });
    prober.Try({{},
                "127.0.0.1",
                server.port(),
                HttpGet{"127.0.0.1", server.port(), "/", {}, false},
                std::nullopt,
                false,
                seconds(30)});
    std::this_thread::sleep_for(milliseconds(30));
  }
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace reprieve::kubelet
