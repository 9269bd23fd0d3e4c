#include "cli/leftovers.h"

#include "base/text.h"

namespace reprieve::cli {

std::string TellLeftovers(const std::vector<std::string>& left) {
  if (left.empty()) return "Nothing is left behind: no process, mount or cgroup.";
  return Cat("Left behind, since it cannot be ended or removed now: ", Join(left, ", "),
             ". The next run here removes the folders and cgroups.");
}

}  // namespace reprieve::cli
