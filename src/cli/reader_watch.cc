#include "cli/reader_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include "cli/standard_output.h"

namespace reprieve::cli {
namespace {

bool HasReader(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

}  // namespace

ReaderWatch::ReaderWatch(std::function<void()> wake) : wake_(std::move(wake)) {
  if (!HasReader(STDOUT_FILENO)) return;
  stop_ = runtime::Fd(eventfd(0, EFD_CLOEXEC));
  if (stop_.ok()) thread_ = std::thread([this] { Work(); });
}

ReaderWatch::~ReaderWatch() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(stop_.get(), &one, sizeof one);
  thread_.join();
}

bool ReaderWatch::gone() const {
  return gone_.load() || StandardOutputError() == EPIPE;
}

void ReaderWatch::Work() {
  // Signals are for the thread that handles them.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  // No events asked for: errors and hang-ups are told in any case.
  pollfd watched[] = {{STDOUT_FILENO, 0, 0}, {stop_.get(), POLLIN, 0}};
  while (poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if (watched[0].revents == 0) return;
  gone_ = true;
  wake_();
}

}  // namespace reprieve::cli
