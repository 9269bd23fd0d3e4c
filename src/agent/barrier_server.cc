#include "agent/barrier_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace reprieve::agent {
namespace {

constexpr int kEventsAtOnce = 16;
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kNotFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kBadRequest = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address Fill(int family, const void* bytes, std::uint16_t port) {
  Address out;
  if (family == AF_INET) {
    auto* to = reinterpret_cast<sockaddr_in*>(&out.storage);
    to->sin_family = AF_INET;
    to->sin_port = htons(port);
    std::memcpy(&to->sin_addr, bytes, sizeof to->sin_addr);
    out.size = sizeof *to;
  } else {
    auto* to = reinterpret_cast<sockaddr_in6*>(&out.storage);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(port);
    std::memcpy(&to->sin6_addr, bytes, sizeof to->sin6_addr);
    out.size = sizeof *to;
  }
  return out;
}

std::optional<Address> AddressOf(const std::string& text, std::uint16_t port) {
  in6_addr bytes{};
  if (inet_pton(AF_INET, text.c_str(), &bytes) == 1) return Fill(AF_INET, &bytes, port);
  if (inet_pton(AF_INET6, text.c_str(), &bytes) == 1) return Fill(AF_INET6, &bytes, port);
  return std::nullopt;
}

// Sets errno on failure.
runtime::Fd OpenListener(const Address& address) {
  runtime::Fd out(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int off = 0;
  // The previous container may have released the port only just now.
  setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) setsockopt(out.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (!out.ok() || bind(out.get(), name, address.size) != 0 || listen(out.get(), SOMAXCONN) != 0) return {};
  return out;
}

runtime::Fd OpenListener(const std::string& address, std::uint16_t port) {
  if (!address.empty()) {
    const auto one = AddressOf(address, port);
    errno = EINVAL;
    return one ? OpenListener(*one) : runtime::Fd();
  }
  runtime::Fd both = OpenListener(Fill(AF_INET6, &in6addr_any, port));
  if (both.ok() || errno == EADDRINUSE) return both;
  const in_addr any{htonl(INADDR_ANY)};
  return OpenListener(Fill(AF_INET, &any, port));
}

bool Watch(int poll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool IsWhole(std::string_view request) {
  return request.find("\r\n\r\n") != request.npos || request.find("\n\n") != request.npos;
}

}  // namespace

Result<BarrierServer> BarrierServer::Listen(const std::string& address, std::uint16_t port, std::string path) {
  BarrierServer out;
  out.path_ = std::move(path);
  out.listener_ = OpenListener(address, port);
  if (!out.listener_.ok()) {
    return Error{Cat("the startup probe cannot be answered at ", address, ":", port, ": ", strerrordesc_np(errno))};
  }
  out.poll_ = runtime::Fd(epoll_create1(EPOLL_CLOEXEC));
  if (!out.poll_.ok() || !Watch(out.poll_.get(), out.listener_.get())) {
    return Error{Cat("the startup probe cannot be answered: ", strerrordesc_np(errno))};
  }
  return out;
}

std::uint16_t BarrierServer::port() const {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(&name)->sin_port
                                         : reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port);
}

std::optional<BarrierServer::Clock::time_point> BarrierServer::due() const {
  std::optional<Clock::time_point> out;
  for (const auto& [fd, connection] : connections_) {
    out = std::min(out.value_or(connection.deadline), connection.deadline);
  }
  return out;
}

void BarrierServer::Go(Clock::time_point now) {
  std::array<epoll_event, kEventsAtOnce> events{};
  const int count = epoll_wait(poll_.get(), events.data(), kEventsAtOnce, 0);
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    const auto at = connections_.find(fd);
    if (fd == listener_.get()) {
      Accept(now);
    } else if (at != connections_.end() && !Receive(at->second)) {
      connections_.erase(at);
    }
  }
  std::erase_if(connections_, [now](const auto& entry) { return entry.second.deadline <= now; });
}

void BarrierServer::Accept(Clock::time_point now) {
  runtime::Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.ok() || connections_.size() >= kMaxConnections || !Watch(poll_.get(), fd.get())) return;
  const int number = fd.get();
  connections_.insert_or_assign(number, Connection{std::move(fd), {}, now + kMaxTime});
}

bool BarrierServer::Receive(Connection& connection) const {
  std::array<char, 2048> buffer{};
  const ssize_t n = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  connection.request.append(buffer.data(), static_cast<std::size_t>(n));
  const bool too_long = connection.request.size() > kMaxRequestBytes;
  if (!too_long && !IsWhole(connection.request)) return true;
  // An answer this short fits into any socket's buffer.
  const std::string_view answer = too_long ? kBadRequest : AnswerTo(connection.request);
  [[maybe_unused]] const ssize_t sent = send(connection.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  return false;
}

std::string_view BarrierServer::AnswerTo(std::string_view request) const {
  const auto words = Split(Trim(request.substr(0, request.find('\n'))), ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) return kBadRequest;
  const std::string_view path = words[1].substr(0, words[1].find('?'));
  return words[0] == "GET" && path == path_ ? kOk : kNotFound;
}

}  // namespace reprieve::agent
