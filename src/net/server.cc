#include "net/server.h"

#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "net/loop_context.h"

namespace reprieve::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

auto Into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::string Text(beast::string_view text) {
  return {text.data(), text.size()};
}

Request Take(Parser& parser) {
  Request out;
  out.method = Text(parser.get().method_string());
  out.target = Text(parser.get().target());
  for (const auto& field : parser.get()) out.headers.Add(Text(field.name_string()), Text(field.value()));
  out.body = std::move(parser.get().body());
  return out;
}

// An answer that is awaited.
struct Awaited {
  explicit Awaited(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  std::optional<Response> response;
};

}  // namespace

struct Server::Core : std::enable_shared_from_this<Server::Core> {
  Core(asio::io_context& c, ServerOptions o, Handler h)
      : context(c), acceptor(c), options(std::move(o)), handler(std::move(h)) {}

  static asio::awaitable<void> Accept(std::shared_ptr<Core> core);
  static asio::awaitable<void> Connected(std::shared_ptr<Core> core, std::shared_ptr<beast::tcp_stream> lowest);
  template <class Stream>
  static asio::awaitable<void> Serve(std::shared_ptr<Core> core, Stream& stream, beast::tcp_stream& lowest);
  static asio::awaitable<Response> Answer(std::shared_ptr<Core> core, Request request);

  asio::io_context& context;
  tcp::acceptor acceptor;
  const ServerOptions options;
  const Handler handler;
  std::shared_ptr<asio::ssl::context> tls;
  std::set<std::shared_ptr<beast::tcp_stream>> connections;
  std::size_t bodies = 0;  // bytes
  bool gone = false;
};

asio::awaitable<void> Server::Core::Accept(std::shared_ptr<Core> core) {
  while (!core->gone) {
    error_code error;
    tcp::socket socket = co_await core->acceptor.async_accept(Into(error));
    if (core->gone) break;
    if (error) {
      // Out of descriptors, for example.
      asio::steady_timer pause(core->acceptor.get_executor(), std::chrono::milliseconds(100));
      co_await pause.async_wait(Into(error));
      continue;
    }
    if (core->connections.size() >= core->options.max_connections) continue;  // closes it
    if (core->options.tls && !core->tls) continue;
    auto stream = std::make_shared<beast::tcp_stream>(std::move(socket));
    core->connections.insert(stream);
    asio::co_spawn(core->acceptor.get_executor(), Connected(core, stream), asio::detached);
  }
}

asio::awaitable<void> Server::Core::Connected(std::shared_ptr<Core> core, std::shared_ptr<beast::tcp_stream> lowest) {
  if (!core->options.tls) {
    co_await Serve(core, *lowest, *lowest);
  } else {
    const std::shared_ptr<asio::ssl::context> tls = core->tls;
    asio::ssl::stream<beast::tcp_stream&> stream(*lowest, *tls);
    lowest->expires_after(core->options.timeout);
    error_code error;
    co_await stream.async_handshake(asio::ssl::stream_base::server, Into(error));
    if (!error) {
      co_await Serve(core, stream, *lowest);
      lowest->expires_after(std::chrono::seconds(1));
      if (!core->gone) co_await stream.async_shutdown(Into(error));
    }
  }
  lowest->close();
  core->connections.erase(lowest);
}

template <class Stream>
asio::awaitable<void> Server::Core::Serve(std::shared_ptr<Core> core, Stream& stream, beast::tcp_stream& lowest) {
  beast::flat_buffer buffer(std::size_t{64} << 10);
  for (bool again = true; again && !core->gone;) {
    error_code error;
    if (buffer.size() == 0) {
      // Between requests there is more time than within one.
      lowest.expires_after(core->options.keep_idle);
      const std::size_t got = co_await stream.async_read_some(buffer.prepare(4096), Into(error));
      if (error) break;
      buffer.commit(got);
    }
    lowest.expires_after(core->options.timeout);
    Parser parser;
    parser.body_limit(core->options.max_body);
    co_await http::async_read_header(stream, buffer, parser, Into(error));
    // What a body may need is set aside before it is read.
    const std::size_t length = parser.is_header_done() && parser.content_length()
                                   ? static_cast<std::size_t>(*parser.content_length())
                               : parser.is_header_done() && parser.chunked() ? core->options.max_body
                                                                             : 0;
    const bool full = !error && core->bodies + length > core->options.max_bodies;
    const std::size_t reserved = full || error ? 0 : length;
    core->bodies += reserved;
    if (!error && !full) co_await http::async_read(stream, buffer, parser, Into(error));
    http::response<http::string_body> out;
    if (error == http::error::body_limit || error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
      out.result(http::status::payload_too_large);
      again = false;
    } else if (error == http::error::end_of_stream || error == beast::error::timeout || core->gone) {
      core->bodies -= reserved;
      break;
    } else if (error) {
      out.result(http::status::bad_request);
      again = false;
    } else if (full) {
      out.result(http::status::service_unavailable);
      again = false;
    } else {
      again = parser.get().keep_alive();
      lowest.expires_never();
      Response answer = co_await Answer(core, Take(parser));
      out.result(static_cast<unsigned>(answer.status));
      for (const auto& [name, value] : answer.headers.fields()) out.set(name, value);
      out.body() = std::move(answer.body);
    }
    core->bodies -= reserved;
    if (core->gone) break;
    out.keep_alive(again);
    out.prepare_payload();
    lowest.expires_after(core->options.timeout);
    co_await http::async_write(stream, out, Into(error));
    if (error) break;
  }
}

asio::awaitable<Response> Server::Core::Answer(std::shared_ptr<Core> core, Request request) {
  auto awaited = std::make_shared<Awaited>(core->context);
  awaited->timer.expires_after(core->options.timeout);
  core->handler(request, [awaited](Response response) {
    awaited->response = std::move(response);
    awaited->timer.cancel();
  });
  // An answer that came at once needs no wait, and what cancels a wait that has not begun is lost.
  if (!awaited->response) {
    error_code ignored;
    co_await awaited->timer.async_wait(Into(ignored));
  }
  if (awaited->response) co_return std::move(*awaited->response);
  Response late;
  late.status = 504;
  co_return late;
}

Result<std::unique_ptr<Server>> Server::Listen(Loop& loop, ServerOptions options, Handler handler) {
  const std::string where = Cat(options.address, ":", options.port);
  error_code error;
  const auto address = asio::ip::make_address(options.address.empty() ? "::" : options.address, error);
  if (error) return Error{Cat("\"", options.address, "\" is no IP address to listen at")};
  const tcp::endpoint endpoint(address, options.port);
  auto core = std::make_shared<Core>(loop.implementation().context, std::move(options), std::move(handler));
  core->acceptor.open(endpoint.protocol(), error);
  if (!error) core->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) core->acceptor.bind(endpoint, error);
  if (!error) core->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{Cat("cannot listen at ", where, ": ", error.message())};
  asio::co_spawn(core->acceptor.get_executor(), Core::Accept(core), asio::detached);
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

Server::Server(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Server::~Server() {
  core_->gone = true;
  error_code ignored;
  core_->acceptor.close(ignored);
  for (const auto& stream : core_->connections) stream->close();
}

std::uint16_t Server::port() const {
  error_code ignored;
  return core_->acceptor.local_endpoint(ignored).port();
}

Status Server::SetIdentity(const Identity& identity) {
  auto next = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* raw = next->native_handle();
  SSL_CTX_set_min_proto_version(raw, core_->options.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  error_code error;
  next->use_certificate_chain(asio::buffer(identity.certificate), error);
  if (error) return Error{Cat("the certificate is no PEM certificate: ", error.message())};
  next->use_private_key(asio::buffer(identity.key), asio::ssl::context::pem, error);
  if (error) return Error{Cat("the key is no unencrypted PEM key of that certificate: ", error.message())};
  core_->tls = std::move(next);
  return Ok();
}

}  // namespace reprieve::net
