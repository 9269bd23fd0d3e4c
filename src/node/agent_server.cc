#include "node/agent_server.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "node/unix_socket.h"
#include "runtime/launch.h"

namespace reprieve::node {
namespace {

constexpr int kEventsAtOnce = 64;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{20};

}  // namespace

AgentServer::AgentServer(std::function<void()> reported)
    : reported_(std::move(reported)),
      poll_(epoll_create1(EPOLL_CLOEXEC)),
      end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Watch(EPOLL_CTL_ADD, end_.get(), 0, EPOLLIN);
  thread_ = std::thread([this] { Loop(); });
}

AgentServer::~AgentServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(end_.get(), &one, sizeof one);
  thread_.join();
  for (const auto& [number, pod] : pods_) unlink(pod.path.c_str());
}

Status AgentServer::Open(scheduler::PodNumber number, const std::string& path, const policy::InPlaceNews& news) {
  // Its directory keeps others out; a container may run as any user.
  auto listener = ListenAt(path, 0666);
  if (!listener) return Error{Cat("the agent's socket cannot be made: ", listener.error().message)};
  const std::lock_guard lock(mutex_);
  const Id id = next_id_++;
  if (!Watch(EPOLL_CTL_ADD, listener->get(), id, EPOLLIN)) {
    unlink(path.c_str());
    return Error{Cat("the agent's socket ", path, " cannot be watched: ", strerrordesc_np(errno))};
  }
  listeners_.emplace(id, number);
  pods_.insert_or_assign(number, Pod{path, std::move(*listener), id, EncodeNews(news), {}});
  return Ok();
}

void AgentServer::Publish(scheduler::PodNumber number, const policy::InPlaceNews& news) {
  const std::lock_guard lock(mutex_);
  const auto at = pods_.find(number);
  REPRIEVE_CHECK(at != pods_.end(), "news for a pod that has no socket");
  at->second.news = EncodeNews(news);
  const std::set<Id> ids = at->second.peers;
  for (const Id id : ids) {
    Peer& peer = peers_.at(id);
    peer.has_news = true;
    if (!peer.waits && !Send(id, peer)) Disconnect(id);
  }
}

void AgentServer::Close(scheduler::PodNumber number) {
  const std::lock_guard lock(mutex_);
  const auto at = pods_.find(number);
  if (at == pods_.end()) return;
  const std::set<Id> ids = at->second.peers;
  for (const Id id : ids) Disconnect(id);
  listeners_.erase(at->second.listener_id);
  unlink(at->second.path.c_str());
  pods_.erase(at);
  reports_.erase(number);
}

std::map<scheduler::PodNumber, std::int32_t> AgentServer::TakeReports() {
  const std::lock_guard lock(mutex_);
  return std::exchange(reports_, {});
}

// The server's own thread.

void AgentServer::Loop() {
  runtime::BlockAllSignals();
  std::array<epoll_event, kEventsAtOnce> events{};
  for (;;) {
    const int count = epoll_wait(poll_.get(), events.data(), kEventsAtOnce, -1);
    bool out_of_descriptors = false;
    bool news = false;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      const bool had = !reports_.empty();
      for (int i = 0; i < count; ++i) out_of_descriptors |= !Handle(events[static_cast<std::size_t>(i)].data.u64);
      news = !had && !reports_.empty();
    }
    if (news) reported_();
    // The connection that waits makes itself heard at once again.
    if (out_of_descriptors) std::this_thread::sleep_for(kPauseWithoutDescriptors);
  }
}

// Ids are never used again: what has been closed meanwhile is not found.
bool AgentServer::Handle(Id id) {
  if (const auto listener = listeners_.find(id); listener != listeners_.end()) return Accept(listener->second);
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return true;
  if (!Receive(peer->second) || !Send(id, peer->second)) Disconnect(id);
  return true;
}

bool AgentServer::Accept(scheduler::PodNumber number) {
  Pod& pod = pods_.at(number);
  for (;;) {
    runtime::Fd fd(accept4(pod.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.ok()) return errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS;
    if (pod.peers.size() >= kMaxPeersOfAPod) continue;  // closed again
    const Id id = next_id_++;
    // Closed again as well: the agent tries again, and nothing is lost.
    if (!Watch(EPOLL_CTL_ADD, fd.get(), id, EPOLLIN)) continue;
    Peer& peer = peers_[id];
    peer.fd = std::move(fd);
    peer.pod = number;
    pod.peers.insert(id);
    if (!Send(id, peer)) Disconnect(id);
  }
}

bool AgentServer::Receive(Peer& peer) {
  std::array<char, kMaxAgentLine> buffer{};
  const ssize_t n = recv(peer.fd.get(), buffer.data(), buffer.size(), 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0 || !peer.heard.Add({buffer.data(), static_cast<std::size_t>(n)})) return false;
  while (const auto line = peer.heard.Take()) {
    const auto attempt = DecodeAttempt(*line);
    if (!attempt) return false;
    reports_[peer.pod] = *attempt;
  }
  return true;
}

bool AgentServer::Send(Id id, Peer& peer) {
  for (;;) {
    if (peer.unsent.empty()) {
      if (!std::exchange(peer.has_news, false)) break;
      peer.unsent = pods_.at(peer.pod).news;
    }
    const ssize_t n = send(peer.fd.get(), peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return false;
    if (n < 0) break;
    peer.unsent.erase(0, static_cast<std::size_t>(n));
  }
  const bool waits = !peer.unsent.empty();
  if (waits == peer.waits) return true;
  peer.waits = waits;
  return Watch(EPOLL_CTL_MOD, peer.fd.get(), id, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void AgentServer::Disconnect(Id id) {
  const auto at = peers_.find(id);
  pods_.at(at->second.pod).peers.erase(id);
  peers_.erase(at);
}

bool AgentServer::Watch(int operation, int fd, Id id, std::uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return epoll_ctl(poll_.get(), operation, fd, &event) == 0;
}

}  // namespace reprieve::node
