// Server: a small HTTP/1.1 server without TLS, for health probes and metrics. Bounded in connections, in the size of a
// request and in the time for one.
//
// Thread rules: all calls and callbacks are in the loop. Source: RFC 9112.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/loop.h"

namespace reprieve::net {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any that is free
  std::size_t max_connections = 64;
  std::size_t max_body = std::size_t{64} << 10;
  Nanoseconds timeout = Seconds(10);  // for a request to arrive, and for its answer to leave
  Nanoseconds keep_idle = Seconds(60);
};

class Server {
 public:
  // Answers at once.
  using Handler = std::function<Response(const Request&)>;

  // An error: nobody can listen there.
  static Result<std::unique_ptr<Server>> Listen(Loop& loop, ServerOptions options, Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Closes all connections.
  ~Server();

  std::uint16_t port() const;

 private:
  struct Core;
  explicit Server(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace reprieve::net
