#include "net/client.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/text.h"
#include "net/testing.h"

namespace reprieve::net {
namespace {

using testing::Peer;
using testing::RunUntil;
using testing::ScriptedServer;

std::string Gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string input(text);
  std::string out(input.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class ClientTest : public ::testing::Test {
 protected:
  Client& To(const ScriptedServer& server, ClientOptions options = {}) {
    options.url = *ParseUrl(Cat("http://127.0.0.1:", server.port()));
    client_ = std::move(Client::Make(loop_, std::move(options))).value();
    return *client_;
  }
  Reply Ask(Client& client, Request request) {
    std::optional<Reply> out;
    client.Send(std::move(request), [&](Reply reply) { out = std::move(reply); });
    EXPECT_TRUE(RunUntil(loop_, [&] { return out.has_value(); }));
    return out ? std::move(*out) : Reply{Failure{}, {}};
  }

  Loop loop_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, OneConnectionServesRequestsOneAfterAnother) {
  std::vector<std::string> heads;
  ScriptedServer server([&](Peer& peer, int) {
    for (std::string request = peer.ReadRequest(); !request.empty(); request = peer.ReadRequest()) {
      heads.push_back(request);
      peer.Answer(Cat("answer ", heads.size()));
    }
  });
  Client& client = To(server);
  for (int i = 1; i <= 3; ++i) {
    const Reply reply = Ask(client, {.method = "POST", .target = "/a?b=c", .body = "hello"});
    ASSERT_TRUE(reply.ok()) << reply.failure->message;
    EXPECT_EQ(reply.response.status, 200);
    EXPECT_EQ(reply.response.body, Cat("answer ", i));
  }
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_TRUE(heads[0].starts_with("POST /a?b=c HTTP/1.1\r\n")) << heads[0];
  EXPECT_TRUE(heads[0].ends_with("\r\n\r\nhello")) << heads[0];
  client_.reset();
}

TEST_F(ClientTest, ChunksAreJoinedAndGzipIsUnpacked) {
  const std::string text(100'000, 'x');
  ScriptedServer server([&](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n");
    const std::string packed = Gzip(text);
    for (std::size_t at = 0; at < packed.size(); at += 7) {
      const std::string piece = packed.substr(at, 7);
      peer.Write(Cat(piece.size(), "\r\n", piece, "\r\n"));
    }
    peer.Write("0\r\n\r\n");
    peer.AwaitEnd();
  });
  const Reply reply = Ask(To(server), {});
  ASSERT_TRUE(reply.ok()) << reply.failure->message;
  EXPECT_EQ(reply.response.body, text);
  client_.reset();
}

TEST_F(ClientTest, ABodyThatIsTooLargeOnceUnpackedIsRefused) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Answer(Gzip(std::string(1'000'000, 'x')), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n");
  });
  const Reply reply = Ask(To(server), {.max_body = 10'000});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kTooLarge);
}

TEST_F(ClientTest, ACutInTheMiddleIsNoAnswer) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  const Reply reply = Ask(To(server), {.method = "POST", .body = "x"});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kCut);
  EXPECT_TRUE(reply.failure->sent);
}

TEST_F(ClientTest, SilenceIsATimeOutAndTheRequestMayHaveTakenEffect) {
  ScriptedServer server([](Peer& peer, int) { peer.AwaitEnd(); });
  const Reply reply = Ask(To(server), {.method = "POST", .body = "x", .timeout = std::chrono::milliseconds(50)});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kTimeout);
  EXPECT_TRUE(reply.failure->sent);
}

TEST_F(ClientTest, NobodyListeningIsToldAndNothingWasSent) {
  std::uint16_t port = 0;
  {
    const ScriptedServer gone([](Peer&, int) {});
    port = gone.port();
  }
  ClientOptions options;
  options.url = *ParseUrl(Cat("http://127.0.0.1:", port));
  client_ = std::move(Client::Make(loop_, options)).value();
  const Reply reply = Ask(*client_, {.method = "POST", .body = "x"});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kConnect);
  EXPECT_FALSE(reply.failure->sent);
  EXPECT_EQ(reply.failure->message, Cat("cannot connect to 127.0.0.1:", port, ": Connection refused"));
}

TEST_F(ClientTest, AConnectionThatWasClosedWhileIdleIsReplaced) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Answer("ok");  // and closes
  });
  Client& client = To(server);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Ask(client, {.method = "POST", .body = "x"}).ok());
  EXPECT_EQ(server.accepted(), 3);
}

TEST_F(ClientTest, RequestsWaitForAFreeConnection) {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.ReadRequest().empty()) peer.Answer("ok");
  });
  ClientOptions options;
  options.max_connections = 2;
  Client& client = To(server, options);
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    client.Send({}, [&](const Reply& reply) {
      EXPECT_TRUE(reply.ok());
      ++answered;
    });
  }
  EXPECT_TRUE(RunUntil(loop_, [&] { return answered == 50; }));
  EXPECT_LE(server.accepted(), 2);
  client_.reset();
}

TEST_F(ClientTest, AHeaderWithALineBreakIsNotSent) {
  ScriptedServer server([](Peer& peer, int) { peer.AwaitEnd(); });
  Request request;
  request.headers.Add("Authorization", "Bearer a\r\nX-Injected: b");
  const Reply reply = Ask(To(server), std::move(request));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kMalformed);
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(ClientTest, WhatIsNoHttpIsSaidToBeNone) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  });
  const Reply reply = Ask(To(server), {});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kMalformed);
}

TEST_F(ClientTest, AHeadWithoutEndIsTooLarge) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 2000; ++i) peer.Write(Cat("X-Filler-", i, ": ", std::string(100, 'y'), "\r\n"));
    peer.AwaitEnd();
  });
  const Reply reply = Ask(To(server), {});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kTooLarge);
  client_.reset();
}

struct Seen {
  std::string text;
  int status = 0;
  bool ended = false;
  std::optional<Failure> failure;

  StreamHandlers Handlers() {
    StreamHandlers out;
    out.head = [this](const Response& head) { status = head.status; };
    out.data = [this](std::string_view piece) { text += piece; };
    out.end = [this](std::optional<Failure> why) {
      ended = true;
      failure = std::move(why);
    };
    return out;
  }
};

TEST_F(ClientTest, AStreamIsHandedOverAsItComes) {
  std::atomic<bool> go_on = false;
  ScriptedServer server([&](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
    while (!go_on) std::this_thread::yield();
    peer.Write("4\r\ntwo\n\r\n0\r\n\r\n");
    peer.AwaitEnd();
  });
  Seen seen;
  const auto call = To(server).Open({.target = "/watch"}, seen.Handlers());
  EXPECT_TRUE(RunUntil(loop_, [&] { return seen.text == "one\n"; }));
  EXPECT_EQ(seen.status, 200);
  go_on = true;
  EXPECT_TRUE(RunUntil(loop_, [&] { return seen.ended; }));
  EXPECT_EQ(seen.text, "one\ntwo\n");
  EXPECT_FALSE(seen.failure);
  client_.reset();
}

TEST_F(ClientTest, AStreamThatFallsSilentEnds) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
    peer.AwaitEnd();
  });
  Seen seen;
  Request request;
  request.longest_silence = std::chrono::milliseconds(50);
  const auto call = To(server).Open(std::move(request), seen.Handlers());
  EXPECT_TRUE(RunUntil(loop_, [&] { return seen.ended; }));
  ASSERT_TRUE(seen.failure);
  EXPECT_EQ(seen.failure->kind, Failure::Kind::kTimeout);
}

TEST_F(ClientTest, AStreamThatIsDestroyedInItsOwnCallbackSaysNothingMore) {
  ScriptedServer server([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n");
    peer.AwaitEnd();
  });
  int pieces = 0;
  bool ended = false;
  std::unique_ptr<Call> call;
  StreamHandlers handlers;
  handlers.head = [](const Response&) {};
  handlers.data = [&](std::string_view) {
    ++pieces;
    call.reset();
  };
  handlers.end = [&](const std::optional<Failure>&) { ended = true; };
  call = To(server).Open({}, std::move(handlers));
  EXPECT_TRUE(RunUntil(loop_, [&] { return pieces > 0 && client_->connections() == 0; }));
  EXPECT_EQ(pieces, 1);
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace reprieve::net
