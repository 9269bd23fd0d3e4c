// Waits until one of given files changes. One thread.
#pragma once

#include <string>
#include <vector>

namespace reprieve::cli {

class FileWatch {
 public:
  FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

  // From now on these. Folders are watched, for editors replace files rather than write them.
  void Watch(const std::vector<std::string>& files);
  // False: there is nothing to wait for, or it was interrupted.
  bool Wait();

 private:
  int descriptor_;
  std::vector<int> folders_;
};

}  // namespace reprieve::cli
