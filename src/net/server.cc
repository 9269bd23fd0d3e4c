#include "net/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
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

auto Into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::string Text(beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

struct Server::Core : std::enable_shared_from_this<Server::Core> {
  Core(asio::io_context& context, ServerOptions o, Handler h)
      : acceptor(context), options(std::move(o)), handler(std::move(h)) {}

  static asio::awaitable<void> Accept(std::shared_ptr<Core> core);
  static asio::awaitable<void> Serve(std::shared_ptr<Core> core, std::shared_ptr<beast::tcp_stream> stream);

  tcp::acceptor acceptor;
  const ServerOptions options;
  const Handler handler;
  std::set<std::shared_ptr<beast::tcp_stream>> connections;
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
    auto stream = std::make_shared<beast::tcp_stream>(std::move(socket));
    core->connections.insert(stream);
    asio::co_spawn(core->acceptor.get_executor(), Serve(core, stream), asio::detached);
  }
}

asio::awaitable<void> Server::Core::Serve(std::shared_ptr<Core> core, std::shared_ptr<beast::tcp_stream> stream) {
  beast::flat_buffer buffer(std::size_t{64} << 10);
  for (bool again = true; again && !core->gone;) {
    error_code error;
    if (buffer.size() == 0) {
      // Between requests there is more time than within one.
      stream->expires_after(core->options.keep_idle);
      const std::size_t got = co_await stream->async_read_some(buffer.prepare(4096), Into(error));
      if (error) break;
      buffer.commit(got);
    }
    stream->expires_after(core->options.timeout);
    http::request_parser<http::string_body> parser;
    parser.body_limit(core->options.max_body);
    co_await http::async_read(*stream, buffer, parser, Into(error));
    http::response<http::string_body> out;
    if (error == http::error::body_limit || error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
      out.result(http::status::payload_too_large);
      again = false;
    } else if (error == http::error::end_of_stream || error == beast::error::timeout || core->gone) {
      break;
    } else if (error) {
      out.result(http::status::bad_request);
      again = false;
    } else {
      Request request;
      request.method = Text(parser.get().method_string());
      request.target = Text(parser.get().target());
      for (const auto& field : parser.get()) request.headers.Add(Text(field.name_string()), Text(field.value()));
      request.body = std::move(parser.get().body());
      again = parser.get().keep_alive();
      Response answer = core->handler(request);
      out.result(static_cast<unsigned>(answer.status));
      for (const auto& [name, value] : answer.headers.fields()) out.set(name, value);
      out.body() = std::move(answer.body);
    }
    out.keep_alive(again);
    out.prepare_payload();
    co_await http::async_write(*stream, out, Into(error));
    if (error) break;
  }
  stream->close();
  core->connections.erase(stream);
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

}  // namespace reprieve::net
