// SocketProber: attempts of httpGet and tcpSocket probes, all on one thread with non-blocking sockets and one poll.
//
// Source: core/v1 TCPSocketAction: success is a connection; http_get.h. One timeout for all of an attempt, redirects
// too. Thread rules: Try may come from any thread and returns at once; `answer` is called on the prober's own thread,
// once for each attempt, except for those that are under way when it ends.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kubelet/http_get.h"
#include "kubelet/probe_answer.h"
#include "runtime/fd.h"

namespace reprieve::kubelet {

struct SocketAttempt {
  ProbeTicket ticket;
  // A numeric address.
  std::string host;
  std::uint16_t port = 0;
  // Absent: the connection is all.
  std::optional<HttpGet> get;
  std::chrono::milliseconds timeout{1000};
};

class SocketProber {
 public:
  explicit SocketProber(std::function<void(ProbeAnswer)> answer);
  SocketProber(const SocketProber&) = delete;
  SocketProber& operator=(const SocketProber&) = delete;
  ~SocketProber();

  void Try(SocketAttempt attempt);

 private:
  class Connection;

  void Loop();
  bool TakeNew(std::vector<Connection>& connections);
  void Wake() const;

  std::function<void(ProbeAnswer)> answer_;
  runtime::Fd wake_;
  std::mutex mutex_;
  std::vector<SocketAttempt> new_;  // guarded by mutex_, as is the next
  bool end_ = false;
  std::thread thread_;
};

}  // namespace reprieve::kubelet
