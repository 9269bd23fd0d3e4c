// Staging: the empty directory where covers are put together (runtime/mount_plan.h), and the covers of the last
// launches: every pod with a termination message covers /dev, whose hundred entries need not be read again each time.
//
// Thread rules: safe from any thread.
#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/launch.h"

namespace reprieve::runtime {

class Staging {
 public:
  using Steps = std::shared_ptr<const std::vector<SetupStep>>;

  // It lies under no mount of a container.
  explicit Staging(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // The steps that cover `directory`, of which `now` is the status; a null pointer: not known, or it has changed.
  Steps CoverOf(const std::string& directory, const struct stat& now) const;
  // `read`: its status before it was read for these steps.
  void KeepCover(const std::string& directory, const struct stat& read, std::vector<SetupStep> steps) const;

 private:
  struct Cover {
    struct stat read;
    Steps steps;
  };

  const std::string path_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Cover> covers_;  // by directory
};

}  // namespace reprieve::runtime
