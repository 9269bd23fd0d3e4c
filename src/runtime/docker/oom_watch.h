// OomWatch: whether the kernel has killed a process of a container's memory cgroup, told while the cgroup is still
// there. An engine may not say so (podman's State.OOMKilled), and its cgroup goes with the container.
//
// Source: memory.events and cgroup.events of cgroups v2 (a change is signalled by POLLPRI); memory.oom_control and
// cgroup.event_control of v1. Thread rules: Add, Forget and OomKilled from any thread; it waits in a thread of its own,
// which begins with the first Add. Errors: what can't be watched is not: OomKilled then says false.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/fd.h"

namespace reprieve::runtime::docker {

class OomWatch {
 public:
  using Ticket = std::uint64_t;

  OomWatch() = default;
  OomWatch(const OomWatch&) = delete;
  OomWatch& operator=(const OomWatch&) = delete;
  ~OomWatch();

  // Watches the memory cgroup that the process is in. 0: it can't.
  Ticket Add(pid_t process);
  bool OomKilled(Ticket ticket);
  void Forget(Ticket ticket);

 private:
  struct Watched {
    std::string file;  // that counts the kills
    Fd counter;
    Fd signal;  // v1: an eventfd
    std::int64_t before = 0;
    bool killed = false;
  };

  bool Begin();
  void Loop();
  // Whether another look may say more.
  bool Look(Ticket ticket);
  void LookUntilCounted(Ticket ticket);

  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<Ticket, Watched> watched_;
  Ticket next_ = 1;

  Fd epoll_;
  Fd wake_;
  std::thread thread_;
};

}  // namespace reprieve::runtime::docker
