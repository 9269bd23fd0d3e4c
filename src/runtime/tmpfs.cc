#include "runtime/tmpfs.h"

#include <sys/mount.h>

#include <cerrno>
#include <vector>

#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::runtime {

int MountTmpfs(const std::string& directory, std::int64_t bytes) {
  // A size of 0 would mean none.
  const std::string options = Cat("mode=1777,size=", bytes > 0 ? bytes : 1);
  return mount("tmpfs", directory.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0 ? 0 : errno;
}

void UnmountBelow(const std::string& directory) {
  const std::string mounts = ReadFile("/proc/self/mountinfo");
  std::vector<std::string> found;
  for (const std::string_view line : Split(mounts, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 5) continue;
    const std::string_view place = fields[4];
    if (place == directory || place.starts_with(directory + "/")) found.emplace_back(place);
  }
  // The last one lies on top.
  for (auto at = found.rbegin(); at != found.rend(); ++at) umount2(at->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

}  // namespace reprieve::runtime
