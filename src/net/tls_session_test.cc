#include "net/tls_session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/text.h"
#include "net/testing.h"
#include "net/testing_identity.h"

namespace reprieve::net {
namespace {

using testing::Identity;
using testing::Peer;
using testing::ScriptedServer;

// A blocking socket that pumps a session until it is over; what the peer said, or why it could not.
std::string Talk(std::uint16_t port, std::string request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  TlsSession session(std::move(request));
  Status status = session.Put("");
  std::string heard;
  while (status.ok() && !session.ended()) {
    const std::string out = session.TakeOutgoing();
    if (send(socket, out.data(), out.size(), MSG_NOSIGNAL) < 0) break;
    char bytes[100];  // fewer than a record has
    const ssize_t got = recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    status = session.Put({bytes, static_cast<std::size_t>(got)});
    heard += session.TakeIncoming();
  }
  close(socket);
  return status.ok() ? Cat(heard, session.ended() ? " (end)" : " (cut)") : status.error().message;
}

TEST(TlsSession, AsksAndHearsWhateverTheCertificateIs) {
  const Identity expired("DNS:elsewhere.example", -60);
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, expired.certificate);
  SSL_CTX_use_PrivateKey(context, expired.key);
  std::string asked;
  std::string heard;
  {
    const ScriptedServer server(
        [&](Peer& peer, int) {
          asked = peer.ReadRequest();
          peer.Answer(std::string(20'000, 'x'));
        },
        context);
    heard = Talk(server.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  SSL_CTX_free(context);
  EXPECT_EQ(asked, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\nxxx")) << heard.substr(0, 100);
  EXPECT_TRUE(heard.ends_with("xxx (end)"));
}

TEST(TlsSession, AnAnswerWithoutTlsIsAnError) {
  const ScriptedServer server([](Peer& peer, int) {
    peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.AwaitEnd();
  });
  EXPECT_EQ(Talk(server.port(), "GET / HTTP/1.1\r\n\r\n"), "wrong version number");
}

}  // namespace
}  // namespace reprieve::net
