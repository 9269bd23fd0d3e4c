// Removes directories on a thread of its own, so that a pod's million files hold up nobody.
//
// Thread rules: Remove and Finish from one thread, the owner's. The thread is made with the first directory. The
// destructor finishes what is left.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/engine_folder.h"

namespace reprieve::node {

class Janitor {
 public:
  Janitor() = default;
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;
  ~Janitor();

  void Remove(std::string directory);
  void Remove(runtime::EngineFolder folder);
  // Returns once all is removed. Directories that could not be.
  std::vector<std::string> Finish();

 private:
  void Start();
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<std::string> left_;
  std::vector<runtime::EngineFolder> folders_;
  std::vector<std::string> stayed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace reprieve::node
