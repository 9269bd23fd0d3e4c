// SocketProber: makes the attempts of httpGet, tcpSocket and grpc probes on one thread, with non-blocking sockets and
// poll.
//
// Source: core/v1 TCPSocketAction: a connection is success; http_get.h; the kubelet's clients: any certificate is
// taken, and a hook by HTTPS that is answered without TLS is sent again without it. One timeout covers the whole
// attempt, including redirects. Thread rules: Try may be called from any thread and returns at once; `answer` is called
// on the prober's own thread, once for each attempt except those under way when the prober is destroyed.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kubelet/grpc_health.h"
#include "kubelet/http_get.h"
#include "kubelet/probe_answer.h"
#include "runtime/fd.h"

namespace reprieve::kubelet {

struct SocketAttempt {
  ProbeTicket ticket;
  // A numeric address.
  std::string host;
  std::uint16_t port = 0;
  // Absent: a connection is enough.
  std::optional<HttpGet> get;
  // The service whose health is asked for by grpc, without `get`; absent: no call.
  std::optional<std::string> grpc_service;
  // Whatever the status of the answer, it is one: that of a hook.
  bool any_status = false;
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
  std::vector<SocketAttempt> new_;  // this and the next are guarded by mutex_
  bool end_ = false;
  std::thread thread_;
};

}  // namespace reprieve::kubelet
