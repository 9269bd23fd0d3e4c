#include "net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::net {
namespace {

constexpr std::size_t kPiece = 4096;

// Shared by all sessions: it never changes.
SSL_CTX* Context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    REPRIEVE_CHECK(made != nullptr, "OpenSSL has memory for a context");
    SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
    static constexpr unsigned char kHttp11[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(made, kHttp11, sizeof kHttp11 - 1);
    return made;
  }();
  return context;
}

std::string LastError() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text == nullptr ? "the handshake was broken off" : text;
}

}  // namespace

struct TlsSession::Connection {
  SSL* ssl = SSL_new(Context());
  BIO* from_peer = BIO_new(BIO_s_mem());  // these two belong to `ssl`
  BIO* to_peer = BIO_new(BIO_s_mem());

  Connection() {
    REPRIEVE_CHECK(ssl != nullptr && from_peer != nullptr && to_peer != nullptr, "OpenSSL has memory for a session");
    SSL_set_bio(ssl, from_peer, to_peer);
    SSL_set_connect_state(ssl);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { SSL_free(ssl); }

  // Whether more bytes of the peer would help.
  bool Waits(int result) const { return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ; }
};

TlsSession::TlsSession(std::string request)
    : connection_(std::make_unique<Connection>()), request_(std::move(request)) {}
TlsSession::~TlsSession() = default;

Status TlsSession::Put(std::string_view bytes) {
  const Connection& connection = *connection_;
  ERR_clear_error();
  if (!bytes.empty()) BIO_write(connection.from_peer, bytes.data(), static_cast<int>(bytes.size()));
  if (!SSL_is_init_finished(connection.ssl)) {
    const int result = SSL_do_handshake(connection.ssl);
    if (result != 1) return connection.Waits(result) ? Ok() : Status(Error{LastError()});
  }
  if (const std::string request = std::exchange(request_, {}); !request.empty()) {
    SSL_write(connection.ssl, request.data(), static_cast<int>(request.size()));  // memory takes all of it
  }
  char piece[kPiece];
  while (true) {
    const int got = SSL_read(connection.ssl, piece, sizeof piece);
    if (got > 0) {
      incoming_.append(piece, static_cast<std::size_t>(got));
    } else if (SSL_get_error(connection.ssl, got) == SSL_ERROR_ZERO_RETURN) {
      ended_ = true;
      return Ok();
    } else {
      return connection.Waits(got) ? Ok() : Status(Error{LastError()});
    }
  }
}

std::string TlsSession::TakeOutgoing() {
  std::string out(BIO_ctrl_pending(connection_->to_peer), '\0');
  if (!out.empty()) BIO_read(connection_->to_peer, out.data(), static_cast<int>(out.size()));
  return out;
}

std::string TlsSession::TakeIncoming() {
  return std::exchange(incoming_, {});
}

}  // namespace reprieve::net
