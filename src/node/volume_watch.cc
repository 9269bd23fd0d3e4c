#include "node/volume_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace reprieve::node {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPeriod{500};
// The part of the time that is spent on looking.
constexpr int kRest = 10;
constexpr std::int64_t kBlockBytes = 512;  // st_blocks counts these

}  // namespace

std::int64_t BytesBelow(const std::string& directory) {
  std::int64_t bytes = 0;
  std::error_code failed;
  for (std::filesystem::recursive_directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed)) {
    struct stat found {};
    if (lstat(at->path().c_str(), &found) == 0) bytes += found.st_blocks * kBlockBytes;
  }
  return bytes;
}

VolumeWatch::~VolumeWatch() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void VolumeWatch::Watch(scheduler::PodNumber pod, const std::vector<kubelet::PodVolumes::Limited>& volumes) {
  {
    const std::lock_guard lock(mutex_);
    watched_.insert_or_assign(pod, volumes);
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  changed_.notify_one();
}

void VolumeWatch::Forget(scheduler::PodNumber pod) {
  if (!thread_.joinable()) return;
  const std::lock_guard lock(mutex_);
  watched_.erase(pod);
}

void VolumeWatch::Work() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (!end_) {
    const auto watched = watched_;
    lock.unlock();
    const auto began = Clock::now();
    for (const auto& [pod, volumes] : watched) {
      const auto full = std::find_if(volumes.begin(), volumes.end(), [](const kubelet::PodVolumes::Limited& volume) {
        return BytesBelow(volume.path) > volume.bytes;
      });
      if (full == volumes.end()) continue;
      Forget(pod);
      // The kubelet's words, with the blank at their end.
      over_(pod, Cat("Usage of EmptyDir volume ", Quote(full->volume), " exceeds the limit ", Quote(full->as_written),
                     ". "));
    }
    const auto pause = std::max<Clock::duration>(kPeriod, kRest * (Clock::now() - began));
    lock.lock();
    if (watched_.empty()) {
      changed_.wait(lock, [this] { return end_ || !watched_.empty(); });
    } else {
      changed_.wait_for(lock, pause, [this] { return end_; });
    }
  }
}

}  // namespace reprieve::node
