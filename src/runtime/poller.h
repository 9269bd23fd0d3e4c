// The descriptors that one thread waits for, and a way to wake it.
//
// Thread rules: Wake from any thread, all else from the one that waits. Errors: Add says false if the kernel takes no
// more (it has a limit, and needs memory): then the caller has to look at the descriptor by itself.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::runtime {

class Poller {
 public:
  static Result<Poller> Open();

  // `tag`: what Wait is to say. Not kWakeTag.
  [[nodiscard]] bool Add(int fd, std::uint64_t tag);
  // Before it is closed: a child that is just being started may hold a copy, and with it the registration.
  void Remove(int fd);
  // The tags of those that are ready, or that have ended. `timeout_ms`: -1: no timeout.
  const std::vector<std::uint64_t>& Wait(int timeout_ms);
  void Wake();

 private:
  Poller(Fd epoll, Fd wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

  Fd epoll_;
  Fd wake_;
  std::vector<std::uint64_t> ready_;
};

}  // namespace reprieve::runtime
