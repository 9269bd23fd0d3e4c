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
  // An error says why it could not be started.
  static Result<Worker> Start(const std::string& command);

  // Becomes readable once the worker has ended.
  int fd() const { return pidfd_.get(); }
  // Its exit code, 128+n for signal n; nullopt while it runs.
  std::optional<int> Ended();
  // Sends the signal to its whole process group.
  void Signal(int signal) const;
  // Kills its process group and waits a moment for it.
  void Kill();

 private:
  explicit Worker(pid_t pid);

  pid_t pid_;
  runtime::Fd pidfd_;
};

}  // namespace reprieve::agent
