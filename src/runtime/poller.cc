#include "runtime/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

constexpr int kEventsAtOnce = 128;
constexpr std::uint64_t kWakeTag = std::numeric_limits<std::uint64_t>::max();

bool Register(int epoll, int fd, std::uint64_t tag) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Result<Poller> Poller::Open() {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.ok() || !wake.ok() || !Register(epoll.get(), wake.get(), kWakeTag)) {
    return Error{Cat("cannot open an epoll: ", strerrordesc_np(errno))};
  }
  return Poller(std::move(epoll), std::move(wake));
}

bool Poller::Add(int fd, std::uint64_t tag) {
  return Register(epoll_.get(), fd, tag);
}

void Poller::Remove(int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

const std::vector<std::uint64_t>& Poller::Wait(int timeout_ms) {
  std::array<epoll_event, kEventsAtOnce> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, timeout_ms);
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    if (tag != kWakeTag) {
      ready_.push_back(tag);
      continue;
    }
    std::uint64_t wakes = 0;
    [[maybe_unused]] const ssize_t n = read(wake_.get(), &wakes, sizeof wakes);
  }
  return ready_;
}

void Poller::Wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

}  // namespace reprieve::runtime
