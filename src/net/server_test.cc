#include "net/server.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/text.h"
#include "net/client.h"
#include "net/testing.h"

namespace reprieve::net {
namespace {

using testing::RunUntil;

class ServerTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options) {
    const bool tls = options.tls;
    server_ =
        std::move(Server::Listen(loop_, std::move(options), [this](const Request& request, Server::Respond respond) {
          Response out;
          out.status = request.target == "/healthz" ? 200 : 404;
          out.body = Cat(request.method, " ", request.target, " ", request.body);
          if (request.target == "/never") return kept_.push_back(std::move(respond));
          if (request.target != "/later") return respond(std::move(out));
          later_.After(Nanoseconds(5'000'000), [respond = std::move(respond), out = std::move(out)] { respond(out); });
        })).value();
    ClientOptions to;
    to.url = *ParseUrl(Cat(tls ? "https" : "http", "://127.0.0.1:", server_->port()));
    to.tls = trust_;
    client_ = std::move(Client::Make(loop_, to)).value();
  }
  Reply Ask(Request request) {
    std::optional<Reply> out;
    client_->Send(std::move(request), [&](Reply reply) { out = std::move(reply); });
    EXPECT_TRUE(RunUntil(loop_, [&] { return out.has_value(); }));
    return out ? std::move(*out) : Reply{Failure{}, {}};
  }

  Loop loop_;
  Timer later_{loop_};
  TlsOptions trust_;
  std::vector<Server::Respond> kept_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(ServerTest, AnswersOnOneConnection) {
  Start({});
  for (int i = 0; i < 3; ++i) {
    const Reply reply = Ask({.target = "/healthz"});
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(reply.response.status, 200);
    EXPECT_EQ(reply.response.body, "GET /healthz ");
  }
  EXPECT_EQ(Ask({.method = "POST", .target = "/x", .body = "b"}).response.status, 404);
  EXPECT_EQ(client_->connections(), 1U);
}

TEST_F(ServerTest, RefusesABodyThatIsTooLarge) {
  Start({.max_body = 100});
  EXPECT_EQ(Ask({.method = "POST", .target = "/healthz", .body = std::string(101, 'x')}).response.status, 413);
  EXPECT_EQ(Ask({.method = "POST", .target = "/healthz", .body = std::string(100, 'x')}).response.status, 200);
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
  Start({});
  const auto second = Server::Listen(loop_, {.port = server_->port()}, [](const Request&, const Server::Respond&) {});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos) << second.error().message;
}

TEST_F(ServerTest, AnAnswerMayComeLater) {
  Start({});
  const Reply reply = Ask({.target = "/later"});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.response.body, "GET /later ");
}

TEST_F(ServerTest, AnAnswerThatDoesNotComeIsATimeout) {
  Start({.timeout = Nanoseconds(20'000'000)});
  EXPECT_EQ(Ask({.target = "/never"}).response.status, 504);
}

TEST_F(ServerTest, RefusesBodiesThatTogetherAreTooLarge) {
  Start({.max_body = 100, .max_bodies = 150, .timeout = Seconds(2)});
  std::optional<Reply> first;
  client_->Send({.method = "POST", .target = "/never", .body = std::string(90, 'x')},
                [&](Reply reply) { first = std::move(reply); });
  EXPECT_TRUE(RunUntil(loop_, [&] { return !kept_.empty(); }));
  EXPECT_EQ(Ask({.method = "POST", .target = "/healthz", .body = std::string(61, 'x')}).response.status, 503);
  EXPECT_EQ(Ask({.method = "POST", .target = "/healthz", .body = std::string(60, 'x')}).response.status, 200);
  kept_.front()({200, {}, "done"});
  EXPECT_TRUE(RunUntil(loop_, [&] { return first.has_value(); }));
  EXPECT_EQ(Ask({.method = "POST", .target = "/healthz", .body = std::string(61, 'x')}).response.status, 200);
}

TEST_F(ServerTest, ServesTlsWithTheIdentityThatItHasNow) {
  const Time now = std::chrono::system_clock::now();
  const Identity authority = *MakeAuthority("test-ca", now, Seconds(3600));
  trust_.authorities = authority.certificate;
  trust_.server_name = "hooks.jobset-system.svc";
  Start({.tls = true});
  EXPECT_FALSE(Ask({.target = "/healthz"}).ok());  // it has none yet
  ASSERT_TRUE(server_->SetIdentity(*MakeServerIdentity(authority, {trust_.server_name}, now, Seconds(60))).ok());
  EXPECT_EQ(Ask({.target = "/healthz"}).response.status, 200);
  // Another authority's: who connects from now on does not trust it.
  const Identity other = *MakeAuthority("other-ca", now, Seconds(3600));
  ASSERT_TRUE(server_->SetIdentity(*MakeServerIdentity(other, {trust_.server_name}, now, Seconds(60))).ok());
  client_->CloseIdle();
  EXPECT_FALSE(Ask({.target = "/healthz"}).ok());
  EXPECT_FALSE(server_->SetIdentity({"no certificate", "no key"}).ok());
}

}  // namespace
}  // namespace reprieve::net
