#include "runtime/staging.h"

#include <ctime>
#include <utility>

namespace reprieve::runtime {
namespace {

// Containers that each need another directory covered are rare; more than these are read every time.
constexpr std::size_t kMostCovers = 16;
// A directory that changed within the same tick of its file system's clock has the same time of change.
constexpr time_t kSettledAfterSeconds = 2;

bool IsSame(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

// An entry that is added, removed or replaced changes the directory's times.
bool IsUnchanged(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && IsSame(a.st_mtim, b.st_mtim) && IsSame(a.st_ctim, b.st_ctim);
}

}  // namespace

Staging::Steps Staging::CoverOf(const std::string& directory, const struct stat& now) const {
  const std::lock_guard lock(mutex_);
  const auto known = covers_.find(directory);
  return known != covers_.end() && IsUnchanged(known->second.read, now) ? known->second.steps : nullptr;
}

void Staging::KeepCover(const std::string& directory, const struct stat& read, std::vector<SetupStep> steps) const {
  if (time(nullptr) < read.st_mtim.tv_sec + kSettledAfterSeconds) return;
  const std::lock_guard lock(mutex_);
  if (covers_.size() >= kMostCovers && !covers_.contains(directory)) return;
  covers_.insert_or_assign(directory, Cover{read, std::make_shared<const std::vector<SetupStep>>(std::move(steps))});
}

}  // namespace reprieve::runtime
