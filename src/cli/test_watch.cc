#include "cli/test_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>

namespace reprieve::cli {
namespace {

namespace fs = std::filesystem;

// What an editor does at once comes as several events.
constexpr int kSettleMilliseconds = 50;

}  // namespace

FileWatch::FileWatch() : descriptor_(inotify_init1(IN_CLOEXEC)) {}

FileWatch::~FileWatch() {
  if (descriptor_ >= 0) close(descriptor_);
}

void FileWatch::Watch(const std::vector<std::string>& files) {
  std::set<std::string> folders;
  for (const std::string& file : files) {
    std::error_code none;
    const fs::path folder = fs::is_directory(file, none) ? fs::path(file) : fs::path(file).parent_path();
    folders.insert(folder.empty() ? "." : folder.string());
  }
  for (const int folder : folders_) inotify_rm_watch(descriptor_, folder);
  folders_.clear();
  for (const std::string& folder : folders) {
    const int watch = inotify_add_watch(descriptor_, folder.c_str(),
                                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE);
    if (watch >= 0) folders_.push_back(watch);
  }
}

bool FileWatch::Wait() {
  if (folders_.empty()) return false;
  // Removing old watches leaves a note of each.
  pollfd poll_for{descriptor_, POLLIN, 0};
  bool changed = false;
  std::array<char, 4096> buffer{};
  for (;;) {
    const int ready = poll(&poll_for, 1, changed ? kSettleMilliseconds : -1);
    if (ready == 0) return true;
    if (ready < 0) return false;
    const ssize_t size = read(descriptor_, buffer.data(), buffer.size());
    if (size <= 0) return false;
    for (ssize_t at = 0; at < size;) {
      inotify_event event{};
      std::copy_n(buffer.data() + at, sizeof event, reinterpret_cast<char*>(&event));
      changed |= (event.mask & IN_IGNORED) == 0;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace reprieve::cli
