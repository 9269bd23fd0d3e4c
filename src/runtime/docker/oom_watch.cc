#include "runtime/docker/oom_watch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "base/text.h"
#include "runtime/file.h"
#include "runtime/launch.h"
#include "runtime/own_cgroup.h"

namespace reprieve::runtime::docker {
namespace {

struct MemoryGroup {
  std::string directory;
  bool version_2 = false;
};

// The group as it is mounted here.
std::optional<MemoryGroup> MemoryGroupOf(pid_t process) {
  const std::string own = ReadFile(Cat("/proc/", process, "/cgroup"));
  const std::string mountinfo = ReadFile("/proc/self/mountinfo");
  for (const CgroupMount& mount : ParseCgroupMounts(mountinfo)) {
    if (mount.version_2 || !mount.Has("memory")) continue;
    const std::string directory = OwnCgroup(mount, "memory", own);
    if (!directory.empty()) return MemoryGroup{directory, false};
  }
  for (const CgroupMount& mount : ParseCgroupMounts(mountinfo)) {
    if (!mount.version_2) continue;
    const std::string directory = OwnCgroup(mount, "", own);
    if (!directory.empty()) return MemoryGroup{directory, true};
  }
  return std::nullopt;
}

// -1: the group is gone.
std::int64_t KillsIn(int counter) {
  std::array<char, 1024> text{};
  const ssize_t n = pread(counter, text.data(), text.size(), 0);
  return n < 0 ? -1 : NumberAfter({text.data(), static_cast<std::size_t>(n)}, "oom_kill");
}

bool AskForSignal(const std::string& directory, const Fd& signal, const Fd& counter) {
  const Fd control(open((directory + "/cgroup.event_control").c_str(), O_WRONLY | O_CLOEXEC));
  const std::string order = Cat(signal.get(), " ", counter.get());
  return control.ok() && write(control.get(), order.data(), order.size()) == static_cast<ssize_t>(order.size());
}

}  // namespace

OomWatch::~OomWatch() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
  thread_.join();
}

bool OomWatch::Begin() {
  if (thread_.joinable()) return true;
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN;
  if (!epoll_.ok() || !wake_.ok() || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) return false;
  thread_ = std::thread([this] { Loop(); });
  return true;
}

OomWatch::Ticket OomWatch::Add(pid_t process) {
  const auto group = MemoryGroupOf(process);
  if (!group) return 0;
  Watched watched;
  watched.file = Cat(group->directory, group->version_2 ? "/memory.events" : "/memory.oom_control");
  watched.counter = Fd(open(watched.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!watched.counter.ok()) return 0;
  watched.before = KillsIn(watched.counter.get());
  epoll_event event{};
  event.events = EPOLLPRI;
  int waits_for = watched.counter.get();
  if (!group->version_2) {
    watched.signal = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!watched.signal.ok() || !AskForSignal(group->directory, watched.signal, watched.counter)) return 0;
    event.events = EPOLLIN;
    waits_for = watched.signal.get();
  }
  const std::lock_guard lock(mutex_);
  if (!Begin()) return 0;
  const Ticket ticket = next_++;
  event.data.u64 = ticket;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, waits_for, &event) != 0) return 0;
  watched_.emplace(ticket, std::move(watched));
  return ticket;
}

bool OomWatch::OomKilled(Ticket ticket) {
  Look(ticket);
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(ticket);
  return found != watched_.end() && found->second.killed;
}

void OomWatch::Forget(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  watched_.erase(ticket);
}

bool OomWatch::Look(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(ticket);
  if (found == watched_.end()) return false;
  Watched& watched = found->second;
  std::uint64_t count = 0;
  if (watched.signal.ok()) [[maybe_unused]]
    const ssize_t n = read(watched.signal.get(), &count, sizeof count);
  const std::int64_t kills = KillsIn(watched.counter.get());
  if (kills > watched.before) watched.killed = true;
  return kills >= 0 && !watched.killed;
}

// Version 1 signals that memory is short, and counts the kill a moment later.
void OomWatch::LookUntilCounted(Ticket ticket) {
  constexpr int kLooks = 50;
  for (int i = 0; i < kLooks && Look(ticket); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void OomWatch::Loop() {
  BlockAllSignals();
  std::array<epoll_event, 16> ready{};
  for (;;) {
    const int count = epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), -1);
    if (count < 0 && errno != EINTR) return;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t ticket = ready[static_cast<std::size_t>(i)].data.u64;
      if (ticket == 0) return;
      LookUntilCounted(ticket);
    }
  }
}

}  // namespace reprieve::runtime::docker
