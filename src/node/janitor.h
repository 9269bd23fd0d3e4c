// Removes directories on a thread of its own, so that a pod's million files hold up nobody.
//
// Thread rules: Remove from one thread, the owner's. The thread is made with the first directory. The destructor
// finishes what is left.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace reprieve::node {

class Janitor {
 public:
  Janitor() = default;
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;
  ~Janitor();

  void Remove(std::string directory);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> left_;  // guarded by mutex_, as is ending_
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace reprieve::node
