// Server: a small HTTP/1.1 server, with TLS or without: health probes, metrics, webhooks. Bounded in connections, in
// the size of a request and of all together, and in the time for one.
//
// Thread rules: all calls and callbacks are in the loop. Source: RFC 9112.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/certificate.h"
#include "net/http.h"
#include "net/loop.h"

namespace reprieve::net {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any that is free
  std::size_t max_connections = 64;
  std::size_t max_body = std::size_t{64} << 10;
  std::size_t max_bodies = std::size_t{32} << 20;  // of all requests that are being read or answered
  Nanoseconds timeout = Seconds(10);               // for a request to arrive, for its answer to be made, and to leave
  Nanoseconds keep_idle = Seconds(60);
  bool tls = false;  // 1.2 or newer; whoever connects before SetIdentity was called is turned away
  bool only_tls13 = false;
};

class Server {
 public:
  // Called once for each request, at once or later.
  using Respond = std::function<void(Response)>;
  using Handler = std::function<void(const Request&, Respond)>;

  // An error: nobody can listen there.
  static Result<std::unique_ptr<Server>> Listen(Loop& loop, ServerOptions options, Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Closes all connections.
  ~Server();

  std::uint16_t port() const;
  // Of connections from now on. An error, which changes nothing: the texts are no certificate and its key.
  Status SetIdentity(const Identity& identity);

 private:
  struct Core;
  explicit Server(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace reprieve::net
