#include "agent/worker.h"

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace reprieve::agent {
namespace {

constexpr int kLongestWaitMillis = 1000;

// As a shell would start it: no signal is blocked or ignored.
class Attributes {
 public:
  Attributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t usual;
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Worker> Worker::Start(const std::string& command) {
  const char* set = std::getenv("SHELL");
  std::string shell = set != nullptr && *set != '\0' ? set : "bash";
  std::string flag = "-c";
  std::string text = command;
  char* argv[] = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t pid = -1;
  const Attributes attributes;
  if (const int error = posix_spawnp(&pid, shell.c_str(), nullptr, attributes.get(), argv, environ); error != 0) {
    return Error{Cat("the worker cannot be started: ", shell, ": ", strerrordesc_np(error))};
  }
  Worker out(pid);
  if (out.pidfd_.ok()) return out;
  const int error = errno;
  out.Kill();
  return Error{Cat("the worker cannot be watched: ", strerrordesc_np(error))};
}

Worker::Worker(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

std::optional<int> Worker::Ended() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Worker::Signal(int signal) const {
  kill(-pid_, signal);
}

void Worker::Kill() {
  Signal(SIGKILL);
  pollfd end{pidfd_.get(), POLLIN, 0};
  poll(&end, 1, kLongestWaitMillis);
  Ended();
}

}  // namespace reprieve::agent
