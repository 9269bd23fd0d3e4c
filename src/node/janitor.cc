#include "node/janitor.h"

#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

namespace reprieve::node {

Janitor::~Janitor() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Janitor::Remove(std::string directory) {
  {
    const std::lock_guard lock(mutex_);
    left_.push_back(std::move(directory));
  }
  if (thread_.joinable()) {
    changed_.notify_one();
  } else {
    thread_ = std::thread([this] { Work(); });
  }
}

void Janitor::Work() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return !left_.empty() || ending_; });
    if (left_.empty()) return;
    const std::vector<std::string> now = std::exchange(left_, {});
    lock.unlock();
    for (const std::string& directory : now) {
      std::error_code ignored;  // what cannot be removed stays; a state directory may be removed by hand
      std::filesystem::remove_all(directory, ignored);
    }
    lock.lock();
  }
}

}  // namespace reprieve::node
