#include "net/stream.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cerrno>
#include <utility>

#include "base/base64.h"
#include "base/text.h"

namespace reprieve::net {
namespace {

namespace beast = boost::beast;
using asio::ip::tcp;
using Local = asio::local::stream_protocol;
using LocalStream = beast::basic_stream<Local>;

auto Into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

template <class Layer>
class PlainStream : public Stream {
 public:
  explicit PlainStream(Layer layer) : layer_(std::move(layer)) {}

  asio::awaitable<std::size_t> Read(asio::mutable_buffer into, error_code& error) override {
    co_return co_await layer_.async_read_some(into, Into(error));
  }
  asio::awaitable<void> Write(std::string_view bytes, std::size_t& written, error_code& error) override {
    while (!bytes.empty() && !error) {
      const std::size_t count = co_await layer_.async_write_some(asio::buffer(bytes.data(), bytes.size()), Into(error));
      written += count;
      bytes.remove_prefix(count);
    }
  }
  void ExpireAt(Deadline deadline) override {
    auto& lowest = beast::get_lowest_layer(layer_);
    deadline == kNoDeadline ? lowest.expires_never() : lowest.expires_at(deadline);
  }
  void Close() override { beast::get_lowest_layer(layer_).close(); }
  bool Stale() override {
    char byte = 0;
    const auto got = recv(beast::get_lowest_layer(layer_).socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

 protected:
  Layer layer_;
};

class TlsStream final : public PlainStream<beast::ssl_stream<beast::tcp_stream>> {
 public:
  TlsStream(beast::tcp_stream lowest, std::shared_ptr<asio::ssl::context> tls)
      : PlainStream(beast::ssl_stream<beast::tcp_stream>(std::move(lowest), *tls)), tls_(std::move(tls)) {}

  asio::awaitable<void> Handshake(std::string server_name, error_code& error) {
    error_code not_an_address;
    asio::ip::make_address(server_name, not_an_address);
    SSL* ssl = layer_.native_handle();
    // The macro SSL_set_tlsext_host_name has a C cast.
    if (not_an_address) SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, server_name.data());
    layer_.set_verify_callback(asio::ssl::host_name_verification(server_name), error);
    if (error) co_return;
    co_await layer_.async_handshake(asio::ssl::stream_base::client, Into(error));
    verify_result_ = SSL_get_verify_result(ssl);
  }
  // Empty: it was not the certificate.
  std::string WhyNotTrusted() const {
    return verify_result_ == X509_V_OK ? std::string() : X509_verify_cert_error_string(verify_result_);
  }

 private:
  std::shared_ptr<asio::ssl::context> tls_;
  long verify_result_ = X509_V_OK;
};

std::string WhyNot(const error_code& error) {
  return error == beast::error::timeout ? "no answer in time" : error.message();
}

Failure NoConnection(const error_code& error, std::string_view to) {
  return {error == beast::error::timeout ? Failure::Kind::kTimeout : Failure::Kind::kConnect,
          Cat("cannot connect to ", to, ": ", WhyNot(error)), false};
}

// Asks the proxy for a tunnel.
asio::awaitable<void> OpenTunnel(beast::tcp_stream& stream, const Destination& to, std::optional<Failure>& failure) {
  const std::string target = to.url.Authority();
  std::string ask = Cat("CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\n");
  if (!to.proxy->user.empty()) AppendTo(ask, "Proxy-Authorization: Basic ", EncodeBase64(to.proxy->user), "\r\n");
  ask += "\r\n";
  error_code error;
  std::string_view left = ask;
  while (!left.empty() && !error) {
    left.remove_prefix(co_await stream.async_write_some(asio::buffer(left.data(), left.size()), Into(error)));
  }
  // Byte by byte: what follows the head belongs to TLS.
  std::string head;
  while (!error && !head.ends_with("\r\n\r\n") && head.size() < 16384) {
    char byte = 0;
    co_await stream.async_read_some(asio::buffer(&byte, 1), Into(error));
    head += byte;
  }
  const std::string_view line = std::string_view(head).substr(0, head.find('\r'));
  if (error) {
    failure = NoConnection(error, Cat(target, " through proxy ", to.proxy->Authority()));
  } else if (!line.starts_with("HTTP/1.") || line.substr(std::min<std::size_t>(line.size(), 9), 1) != "2") {
    failure = Failure{Failure::Kind::kConnect,
                      Cat("proxy ", to.proxy->Authority(), " does not connect to ", target, ": ", line), false};
  }
}

int NoPassword(char*, int, int, void*) {
  return 0;  // OpenSSL's own would ask on the terminal
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> MakeClientTls(const TlsOptions& options) {
  auto out = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX* raw = out->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(raw, NoPassword);
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(raw, kHttp11, sizeof kHttp11 - 1);
  error_code error;
  if (options.insecure) {
    out->set_verify_mode(asio::ssl::verify_none, error);
  } else {
    out->set_verify_mode(asio::ssl::verify_peer, error);
    // As Go: whatever is given is trusted, the root or not.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(raw), X509_V_FLAG_PARTIAL_CHAIN);
    if (options.authorities.empty()) {
      out->set_default_verify_paths(error);
    } else {
      out->add_certificate_authority(asio::buffer(options.authorities), error);
    }
    if (error) return Error{Cat("the certificate authority is no PEM certificate: ", error.message())};
  }
  if (!options.certificate.empty()) {
    out->use_certificate_chain(asio::buffer(options.certificate), error);
    if (error) return Error{Cat("the client certificate is no PEM certificate: ", error.message())};
    out->use_private_key(asio::buffer(options.key), asio::ssl::context::pem, error);
    if (error) return Error{Cat("the client key is no unencrypted PEM key of that certificate: ", error.message())};
  }
  return out;
}

asio::awaitable<std::unique_ptr<Stream>> Dial(asio::io_context& context, std::shared_ptr<const Destination> destination,
                                              std::shared_ptr<asio::ssl::context> tls, Deadline deadline,
                                              std::optional<Failure>& failure) {
  const Destination& to = *destination;
  error_code error;
  if (!to.unix_socket.empty()) {
    LocalStream stream(context);
    stream.expires_at(deadline);
    co_await stream.async_connect(Local::endpoint(to.unix_socket), Into(error));
    if (error) {
      failure = NoConnection(error, to.unix_socket);
      co_return nullptr;
    }
    co_return std::make_unique<PlainStream<LocalStream>>(std::move(stream));
  }
  const Url& first = to.proxy ? *to.proxy : to.url;
  tcp::resolver resolver(context);
  const auto found = co_await resolver.async_resolve(first.host, std::to_string(first.port), Into(error));
  if (error) {
    failure = NoConnection(error, first.Authority());
    co_return nullptr;
  }
  beast::tcp_stream stream(context);
  stream.expires_at(deadline);
  co_await stream.async_connect(found, Into(error));
  if (error) {
    failure = NoConnection(error, first.Authority());
    co_return nullptr;
  }
  error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  stream.socket().set_option(asio::socket_base::keep_alive(true), ignored);
  if (!to.url.tls) co_return std::make_unique<PlainStream<beast::tcp_stream>>(std::move(stream));
  if (to.proxy) {
    co_await OpenTunnel(stream, to, failure);
    if (failure) co_return nullptr;
  }
  auto secure = std::make_unique<TlsStream>(std::move(stream), tls);
  secure->ExpireAt(deadline);
  co_await secure->Handshake(to.tls_server_name, error);
  if (error) {
    const std::string untrusted = secure->WhyNotTrusted();
    failure = Failure{error == beast::error::timeout ? Failure::Kind::kTimeout : Failure::Kind::kTls,
                      untrusted.empty() ? Cat("no TLS connection with ", to.url.Authority(), ": ", WhyNot(error))
                                        : Cat("the certificate of ", to.url.Authority(), " is not trusted for ",
                                              to.tls_server_name, ": ", untrusted),
                      false};
    co_return nullptr;
  }
  co_return secure;
}

}  // namespace reprieve::net
