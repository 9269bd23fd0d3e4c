#include "node/janitor.h"

#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

namespace reprieve::node {

Janitor::~Janitor() {
  Finish();
}

void Janitor::Remove(std::string directory) {
  {
    const std::lock_guard lock(mutex_);
    left_.push_back(std::move(directory));
  }
  Start();
}

void Janitor::Remove(runtime::EngineFolder folder) {
  {
    const std::lock_guard lock(mutex_);
    folders_.push_back(std::move(folder));
  }
  Start();
}

std::vector<std::string> Janitor::Finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  ending_ = false;
  return std::exchange(stayed_, {});
}

void Janitor::Start() {
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
    changed_.wait(lock, [&] { return !left_.empty() || !folders_.empty() || ending_; });
    if (left_.empty() && folders_.empty()) return;
    const std::vector<std::string> now = std::exchange(left_, {});
    std::vector<runtime::EngineFolder> folders = std::exchange(folders_, {});
    lock.unlock();
    std::vector<std::string> stayed;
    for (const std::string& directory : now) {
      std::error_code failed;
      std::filesystem::remove_all(directory, failed);
      if (failed) stayed.push_back(directory);
    }
    folders.clear();
    lock.lock();
    stayed_.insert(stayed_.end(), stayed.begin(), stayed.end());
  }
}

}  // namespace reprieve::node
