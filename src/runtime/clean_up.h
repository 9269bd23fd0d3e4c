// Cgroups and sandboxes whose processes have ended, and that the kernel has not let go of yet: removed as soon as it
// does, and given up after a while.
//
// Thread rules: one thread. Errors: what is left is told by Left().
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/launcher.h"

namespace reprieve::runtime {

class CleanUp {
 public:
  explicit CleanUp(std::chrono::milliseconds patience) : patience_(patience) {}

  void Add(Cgroup group);
  // It is removed once its containers have ended.
  void Add(std::shared_ptr<Sandbox> sandbox);
  // Tries what is left again.
  void Try();
  // Something is to be tried again soon.
  bool busy() const;
  bool done() const { return groups_.empty() && sandboxes_.empty(); }
  // What has been given up: "cgroup /sys/fs/cgroup/...".
  std::vector<std::string> Left();

 private:
  using Clock = std::chrono::steady_clock;
  template <class What>
  struct Entry {
    What what;
    Clock::time_point since;
  };

  const std::chrono::milliseconds patience_;
  std::vector<Entry<Cgroup>> groups_;
  std::vector<Entry<std::shared_ptr<Sandbox>>> sandboxes_;
  std::vector<Cgroup> given_up_;
};

}  // namespace reprieve::runtime
