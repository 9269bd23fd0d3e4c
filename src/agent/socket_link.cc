#include "agent/socket_link.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "node/unix_socket.h"

namespace reprieve::agent {
namespace {

constexpr Clock::duration kFirstWait = std::chrono::milliseconds(50);
constexpr Clock::duration kLongestWait = std::chrono::seconds(5);

}  // namespace

SocketLink::SocketLink(std::string path, std::function<void(const std::string&)> say)
    : path_(std::move(path)), say_(std::move(say)), wait_(kFirstWait) {}

pollfd SocketLink::poll_request() const {
  return {socket_.get(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
}

std::optional<Clock::time_point> SocketLink::due() const {
  return socket_.ok() ? std::nullopt : std::optional(retry_at_);
}

std::optional<policy::InPlaceNews> SocketLink::Go(Clock::time_point now) {
  std::optional<policy::InPlaceNews> newest;
  if (!socket_.ok() && (now < retry_at_ || !Connect(now))) return newest;
  if (!Send() || !Receive(newest)) Lose(now, "the connection has ended");
  return newest;
}

void SocketLink::Report(std::int32_t attempt) {
  attempt_ = attempt;
  // Finishes a line that is partly sent before it sends a newer one.
  unsent_ += node::EncodeAttempt(attempt);
  if (socket_.ok()) Send();
}

bool SocketLink::Connect(Clock::time_point now) {
  auto connected = node::ConnectTo(path_);
  if (!connected) {
    Lose(now, connected.error().message);
    return false;
  }
  socket_ = std::move(*connected);
  heard_ = {};
  unsent_ = attempt_ ? node::EncodeAttempt(*attempt_) : "";
  return true;
}

bool SocketLink::Send() {
  while (!unsent_.empty()) {
    const ssize_t n = send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    unsent_.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

bool SocketLink::Receive(std::optional<policy::InPlaceNews>& newest) {
  std::array<char, node::kMaxAgentLine> buffer{};
  for (;;) {
    const ssize_t n = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0 || !heard_.Add({buffer.data(), static_cast<std::size_t>(n)})) return false;
    while (const auto line = heard_.Take()) {
      const auto news = node::DecodeNews(*line);
      if (!news) return false;
      newest = *news;
      wait_ = kFirstWait;
      said_ = false;
    }
  }
}

void SocketLink::Lose(Clock::time_point now, const std::string& why) {
  socket_.Reset();
  retry_at_ = now + wait_;
  wait_ = std::min(wait_ * 2, kLongestWait);
  if (!std::exchange(said_, true)) say_(Cat("run cannot be reached: ", why, "; trying again"));
}

}  // namespace reprieve::agent
