#include "net/server.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "net/client.h"
#include "net/testing.h"

namespace reprieve::net {
namespace {

using testing::RunUntil;

class ServerTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options) {
    server_ = std::move(Server::Listen(loop_, std::move(options), [](const Request& request) {
                Response out;
                out.status = request.target == "/healthz" ? 200 : 404;
                out.body = Cat(request.method, " ", request.target, " ", request.body);
                return out;
              })).value();
    ClientOptions to;
    to.url = *ParseUrl(Cat("http://127.0.0.1:", server_->port()));
    client_ = std::move(Client::Make(loop_, to)).value();
  }
  Reply Ask(Request request) {
    std::optional<Reply> out;
    client_->Send(std::move(request), [&](Reply reply) { out = std::move(reply); });
    EXPECT_TRUE(RunUntil(loop_, [&] { return out.has_value(); }));
    return out ? std::move(*out) : Reply{Failure{}, {}};
  }

  Loop loop_;
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
  const auto second = Server::Listen(loop_, {.port = server_->port()}, [](const Request&) {
    return Response{200, {}, ""};
  });
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos) << second.error().message;
}

}  // namespace
}  // namespace reprieve::net
