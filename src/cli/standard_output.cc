#include "cli/standard_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/exit_code.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;

std::atomic<int> first_error = 0;
std::atomic<bool> told = false;

// A pipe that its other end made non-blocking is as good as any: wait until it takes more.
bool WaitUntilWritable() {
  pollfd wait{STDOUT_FILENO, POLLOUT, 0};
  return poll(&wait, 1, -1) > 0 || errno == EINTR;
}

// As fopencookie wants it: how much was written, 0 if that is not all.
ssize_t Write(void* /*cookie*/, const char* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = write(STDOUT_FILENO, data + done, size - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
      continue;
    }
    if (errno == EINTR || (errno == EAGAIN && WaitUntilWritable())) continue;
    int none = 0;
    first_error.compare_exchange_strong(none, errno);
    return 0;
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

void WatchStandardOutput() {
  cookie_io_functions_t functions{};
  functions.write = Write;
  FILE* watched = fopencookie(nullptr, "w", functions);
  if (watched == nullptr) return;  // as good as before
  std::setvbuf(watched, nullptr, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, kBuffer);
  stdout = watched;
}

int StandardOutputError() {
  return first_error.load();
}

void TellLostOutput() {
  const int error = StandardOutputError();
  if (error == 0 || error == EPIPE || told.exchange(true)) return;
  std::fprintf(stderr, "reprieve: standard output can't be written: %s; part of what was said is lost.\n",
               strerrordesc_np(error));
}

void DieOfSigpipe() {
  std::signal(SIGPIPE, SIG_DFL);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::raise(SIGPIPE);
  std::_Exit(kReaderGone);
}

}  // namespace reprieve::cli
