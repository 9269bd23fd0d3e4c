#include "kubelet/socket_prober.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/text.h"
#include "net/tls_session.h"
#include "runtime/launch.h"

namespace reprieve::kubelet {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kPollMillis = 100;
constexpr int kMaxRedirects = 10;
constexpr std::size_t kReadBytes = 16 * 1024;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> AddressOf(const std::string& host, std::uint16_t port) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof *v4;
    return out;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
    return out;
  }
  return std::nullopt;
}

}  // namespace

// One attempt. Each step returns the answer if it is known.
class SocketProber::Connection {
 public:
  explicit Connection(SocketAttempt attempt)
      : attempt_(std::move(attempt)), deadline_(Clock::now() + attempt_.timeout) {}

  std::optional<ProbeAnswer> Begin() {
    const std::string& host = attempt_.get ? attempt_.get->host : attempt_.host;
    const std::uint16_t port = attempt_.get ? attempt_.get->port : attempt_.port;
    const auto address = AddressOf(host, port);
    if (!address) return Answer(ProbeOutcome::kUnknown, Cat(host, " is not an address"));
    socket_ = runtime::Fd(socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.ok()) return Answer(ProbeOutcome::kUnknown, strerrordesc_np(errno));
    connected_ = false;
    sent_ = 0;
    heard_ = HttpAnswer();
    tls_.reset();
    if (attempt_.get) request_ = attempt_.get->Request();
    if (attempt_.grpc_service) request_ = GrpcHealthRequest(Cat(host, ":", port), *attempt_.grpc_service);
    const auto* to = reinterpret_cast<const sockaddr*>(&address->storage);
    if (connect(socket_.get(), to, address->size) == 0) return Connected();
    if (errno != EINPROGRESS) return Answer(ProbeOutcome::kFailure, strerrordesc_np(errno));
    return std::nullopt;
  }

  pollfd PollRequest() const {
    const bool reading = connected_ && sent_ == request_.size();
    return {socket_.get(), static_cast<short>(reading ? POLLIN : POLLOUT), 0};
  }
  Clock::time_point deadline() const { return deadline_; }

  std::optional<ProbeAnswer> Go() {
    if (!connected_) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return Answer(ProbeOutcome::kFailure, strerrordesc_np(error));
      return Connected();
    }
    return sent_ < request_.size() ? Send() : Receive();
  }

  ProbeAnswer TimedOut() const {
    const bool in_body = heard_.status() != 0;
    return Answer(in_body ? ProbeOutcome::kUnknown : ProbeOutcome::kFailure,
                  Cat("no ", in_body ? "whole " : "", "answer within ", HumanDuration(attempt_.timeout)));
  }

 private:
  std::optional<ProbeAnswer> Connected() {
    connected_ = true;
    if (!attempt_.get && !attempt_.grpc_service) return Answer(ProbeOutcome::kSuccess, "connected");
    if (attempt_.get && attempt_.get->tls) {
      tls_ = std::make_unique<net::TlsSession>(std::move(request_));
      if (const Status begun = tls_->Put(""); !begun.ok()) return NoTls(begun.error());
      request_ = tls_->TakeOutgoing();
    }
    return Send();
  }

  std::optional<ProbeAnswer> Send() {
    const ssize_t n = send(socket_.get(), request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno != EAGAIN && errno != EINTR) {
      return Answer(ProbeOutcome::kFailure, strerrordesc_np(errno));
    }
    return std::nullopt;
  }

  std::optional<ProbeAnswer> Receive() {
    char buffer[kReadBytes];
    const ssize_t n = recv(socket_.get(), buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
    const int error = n < 0 ? errno : 0;
    if (attempt_.grpc_service) return ReceiveHealth({buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0))}, error);
    const std::string_view bytes(buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (tls_ && n > 0) return ReceiveByTls(bytes);
    return Take(bytes, n <= 0, error);
  }

  std::optional<ProbeAnswer> ReceiveByTls(std::string_view bytes) {
    if (const Status put = tls_->Put(bytes); !put.ok()) {
      if (!attempt_.any_status || !bytes.starts_with("HTTP/")) return NoTls(put.error());
      attempt_.get->tls = false;
      std::erase_if(attempt_.get->headers,
                    [](const core::HttpHeader& header) { return ToLower(header.name) == "authorization"; });
      return Begin();
    }
    request_ += tls_->TakeOutgoing();
    const std::string plain = tls_->TakeIncoming();
    if (!plain.empty()) {
      if (auto answer = Take(plain, false, 0)) return answer;
    }
    // After a redirect there is another one, or none.
    return tls_ && tls_->ended() ? Take({}, true, 0) : std::nullopt;
  }

  std::optional<ProbeAnswer> NoTls(const Error& error) const {
    return Answer(ProbeOutcome::kFailure, Cat("no TLS: ", error.message));
  }

  // `end`: no more will come, for `error` if that is not 0.
  std::optional<ProbeAnswer> Take(std::string_view bytes, bool end, int error) {
    switch (end ? heard_.End() : heard_.Read(bytes)) {
      case HttpAnswer::State::kReading:
        return std::nullopt;
      case HttpAnswer::State::kComplete:
        return Heard();
      case HttpAnswer::State::kBroken:
        break;
    }
    // As in the kubelet, a response whose body can't be read is ignored.
    if (heard_.status() != 0) return Answer(ProbeOutcome::kUnknown, "the answer was cut off");
    return Answer(ProbeOutcome::kFailure, error != 0 ? strerrordesc_np(error)
                                          : end      ? "closed without an answer"
                                                     : "the answer is not HTTP");
  }

  std::optional<ProbeAnswer> ReceiveHealth(std::string_view bytes, int error) {
    if (bytes.empty()) {
      return Answer(ProbeOutcome::kFailure, error != 0 ? strerrordesc_np(error) : "closed without an answer");
    }
    switch (health_.Read(bytes, request_)) {
      case GrpcHealthAnswer::State::kReading:
        return std::nullopt;
      case GrpcHealthAnswer::State::kComplete:
        return Answer(health_.serving() ? ProbeOutcome::kSuccess : ProbeOutcome::kFailure, health_.Text());
      case GrpcHealthAnswer::State::kBroken:
        break;
    }
    return Answer(ProbeOutcome::kFailure, "the answer is not gRPC");
  }

  std::optional<ProbeAnswer> Heard() {
    const int status = heard_.status();
    if (heard_.IsRedirect()) {
      if (auto next = attempt_.get->Redirected(heard_.location())) {
        if (++redirects_ > kMaxRedirects) return Answer(ProbeOutcome::kFailure, "too many redirects");
        attempt_.get = std::move(next);
        return Begin();
      }
    }
    const bool good = attempt_.any_status || (status >= 200 && status < 400);
    return Answer(good ? ProbeOutcome::kSuccess : ProbeOutcome::kFailure, Cat(status));
  }

  ProbeAnswer Answer(ProbeOutcome outcome, std::string_view what) const {
    const std::string whom = attempt_.get
                                 ? Cat("GET ", attempt_.get->Url())
                                 : Cat(attempt_.grpc_service ? "grpc " : "tcp ", attempt_.host, ":", attempt_.port);
    return {attempt_.ticket, outcome, Cat(whom, ": ", what)};
  }

  SocketAttempt attempt_;
  Clock::time_point deadline_;
  runtime::Fd socket_;
  bool connected_ = false;
  std::string request_;
  std::size_t sent_ = 0;
  std::unique_ptr<net::TlsSession> tls_;
  HttpAnswer heard_;
  GrpcHealthAnswer health_;
  int redirects_ = 0;
};

SocketProber::SocketProber(std::function<void(ProbeAnswer)> answer)
    : answer_(std::move(answer)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { Loop(); }) {}

SocketProber::~SocketProber() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  Wake();
  thread_.join();
}

void SocketProber::Try(SocketAttempt attempt) {
  {
    const std::lock_guard lock(mutex_);
    new_.push_back(std::move(attempt));
  }
  Wake();
}

void SocketProber::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

void SocketProber::Loop() {
  runtime::BlockAllSignals();
  std::vector<Connection> connections;
  std::vector<pollfd> polled;
  while (TakeNew(connections)) {
    polled.assign(1, {wake_.get(), POLLIN, 0});
    auto first = Clock::time_point::max();
    for (const Connection& connection : connections) {
      polled.push_back(connection.PollRequest());
      first = std::min(first, connection.deadline());
    }
    // Without a descriptor that can wake it, the loop polls.
    int timeout = wake_.ok() ? -1 : kPollMillis;
    if (!connections.empty()) {
      const auto left = std::chrono::ceil<milliseconds>(first - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, wake_.ok() ? 1 << 30 : kPollMillis));
    }
    poll(polled.data(), polled.size(), timeout);
    const auto now = Clock::now();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      std::optional<ProbeAnswer> answer;
      if (polled[i + 1].revents != 0) answer = connections[i].Go();
      if (!answer && connections[i].deadline() <= now) answer = connections[i].TimedOut();
      if (answer) {
        answer_(std::move(*answer));
      } else if (kept++ != i) {
        connections[kept - 1] = std::move(connections[i]);
      }
    }
    connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(kept), connections.end());
  }
}

// False: shut down.
bool SocketProber::TakeNew(std::vector<Connection>& connections) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
  std::vector<SocketAttempt> taken;
  {
    const std::lock_guard lock(mutex_);
    if (end_) return false;
    std::swap(taken, new_);
  }
  for (SocketAttempt& attempt : taken) {
    Connection connection(std::move(attempt));
    if (auto answer = connection.Begin()) {
      answer_(std::move(*answer));
    } else {
      connections.push_back(std::move(connection));
    }
  }
  return true;
}

}  // namespace reprieve::kubelet
