// Stream: a connection to read from and write to, whatever it is made of: TCP or a unix socket, with TLS or without,
// through a proxy or not.
//
// Internal: it shows Asio. Everything runs in the loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/tls.h"
#include "net/url.h"

namespace reprieve::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

class Stream {
 public:
  virtual ~Stream() = default;
  // Waits for some bytes. An end is an error.
  virtual asio::awaitable<std::size_t> Read(asio::mutable_buffer into, error_code& error) = 0;
  // Writes all of it; `written` counts what went out, whether or not the rest could.
  virtual asio::awaitable<void> Write(std::string_view bytes, std::size_t& written, error_code& error) = 0;
  // What waits then ends with beast::error::timeout.
  virtual void ExpireAt(Deadline deadline) = 0;
  virtual void Close() = 0;
  // Nobody has asked for anything, and yet the peer has sent something or closed the connection.
  virtual bool Stale() = 0;
};

// Where a connection goes.
struct Destination {
  Url url;                      // path and user do not count
  std::string unix_socket;      // if not empty, that instead
  std::optional<Url> proxy;     // with its user
  std::string tls_server_name;  // what the certificate must be for
};

// An error: the texts are no certificates or no key.
Result<std::shared_ptr<asio::ssl::context>> MakeClientTls(const TlsOptions& options);

// Null, and `failure`: there is no connection. `tls` is used where the URL asks for it.
asio::awaitable<std::unique_ptr<Stream>> Dial(asio::io_context& context, std::shared_ptr<const Destination> destination,
                                              std::shared_ptr<asio::ssl::context> tls, Deadline deadline,
                                              std::optional<Failure>& failure);

}  // namespace reprieve::net
