// Worker: the process that an agent in main-container form runs once its barrier is lifted.
//
// `$SHELL -c COMMAND`, or bash if SHELL is not set, in a process group of its own. Source: spec/jobset.md 2.14. One
// owner, no lock.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::agent {

class Worker {
 public:
  // An error says why it did not begin.
  static Result<Worker> Start(const std::string& command);

  // Can be read from once it has ended.
  int fd() const { return pidfd_.get(); }
  // Its exit code, 128+n for a signal; nothing while it runs.
  std::optional<int> Ended();
  // To all of its group.
  void Signal(int signal) const;
  // Kills all of its group, and waits a moment for it.
  void Kill();

 private:
  explicit Worker(pid_t pid);

  pid_t pid_;
  runtime::Fd pidfd_;
};

}  // namespace reprieve::agent
