// BarrierServer: answers the startup probe of an agent in sidecar form: 200 for GET of the path, 404 for other
// requests.
//
// It exists once the barrier is lifted; before that nothing listens, and the probe fails. Connections, the size of a
// request and its time are limited. Nothing blocks: wait for fd() and due(), then call Go.
//
// Source: spec/jobset.md 2.14; RFC 9112, only requests without a body. One owner, no lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::agent {

class BarrierServer {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxConnections = 16;
  static constexpr std::size_t kMaxRequestBytes = 8192;
  static constexpr std::chrono::seconds kMaxTime{5};

  // `address`: numeric; empty: every address. `port` 0: any free port.
  static Result<BarrierServer> Listen(const std::string& address, std::uint16_t port, std::string path);

  int fd() const { return poll_.get(); }
  std::optional<Clock::time_point> due() const;
  void Go(Clock::time_point now);
  std::uint16_t port() const;

 private:
  struct Connection {
    runtime::Fd fd;
    std::string request;
    Clock::time_point deadline;
  };

  BarrierServer() = default;
  void Accept(Clock::time_point now);
  // False: the connection is finished.
  bool Receive(Connection& connection) const;
  std::string_view AnswerTo(std::string_view request) const;

  std::string path_;
  runtime::Fd poll_;
  runtime::Fd listener_;
  std::map<int, Connection> connections_;  // by descriptor
};

}  // namespace reprieve::agent
