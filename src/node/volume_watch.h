// VolumeWatch: measures what pods have written to volumes that may hold only so much.
//
// A thread of its own, which is made with the first such volume: a volume may have a million files. Source: the
// kubelet's eviction manager, which looks every 10 s; here twice a second, or as often as a tenth of a processor
// allows. Thread rules: Watch and Forget from one thread, the owner's; `over` is called on the watch's own, once for a
// pod.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kubelet/volumes.h"
#include "scheduler/placement.h"

namespace reprieve::node {

class VolumeWatch {
 public:
  using Over = std::function<void(scheduler::PodNumber, std::string message)>;
  explicit VolumeWatch(Over over) : over_(std::move(over)) {}
  VolumeWatch(const VolumeWatch&) = delete;
  VolumeWatch& operator=(const VolumeWatch&) = delete;
  ~VolumeWatch();

  void Watch(scheduler::PodNumber pod, const std::vector<kubelet::PodVolumes::Limited>& volumes);
  void Forget(scheduler::PodNumber pod);

 private:
  void Work();

  const Over over_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::map<scheduler::PodNumber, std::vector<kubelet::PodVolumes::Limited>> watched_;
  bool end_ = false;
  std::thread thread_;
};

// What the files below it occupy.
std::int64_t BytesBelow(const std::string& directory);

}  // namespace reprieve::node
