#include "kubelet/volume_ownership.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "runtime/fd.h"
#include "runtime/no_links.h"

namespace reprieve::kubelet {
namespace {

constexpr mode_t kReadWrite = 0660;
constexpr mode_t kReadOnly = 0440;
constexpr mode_t kEnter = 0110;

mode_t WantedBits(const VolumeOwnership& ownership, bool directory) {
  const mode_t bits = ownership.read_only ? kReadOnly : kReadWrite;
  return directory ? bits | kEnter | S_ISGID : bits;
}

// 0, or the error.
int Give(const std::string& path, const VolumeOwnership& ownership) {
  // Where a link stands now nothing is opened: its place is changed alone.
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return errno;
  if (S_ISLNK(found.st_mode)) return lchown(path.c_str(), static_cast<uid_t>(-1), ownership.group) == 0 ? 0 : errno;
  const runtime::Fd fd = runtime::OpenWithoutLinks(path, O_PATH);
  if (!fd.ok() || fstat(fd.get(), &found) != 0) return errno;
  if (fchownat(fd.get(), "", static_cast<uid_t>(-1), ownership.group, AT_EMPTY_PATH) != 0) return errno;
  const mode_t wanted = (found.st_mode & 07777) | WantedBits(ownership, S_ISDIR(found.st_mode));
  return chmod(Cat("/proc/self/fd/", fd.get()).c_str(), wanted) == 0 ? 0 : errno;
}

bool IsAsWanted(const std::string& directory, const VolumeOwnership& ownership) {
  struct stat found {};
  const mode_t wanted = WantedBits(ownership, true);
  return stat(directory.c_str(), &found) == 0 && found.st_gid == ownership.group && (found.st_mode & wanted) == wanted;
}

Error CannotGive(const std::string& path, const VolumeOwnership& ownership, std::string_view why) {
  return Error{Cat(path, " cannot be given to group ", ownership.group, ": ", why)};
}

}  // namespace

Status GiveToGroup(const std::string& directory, const VolumeOwnership& ownership) {
  if (ownership.only_on_mismatch && IsAsWanted(directory, ownership)) return Ok();
  std::error_code failed;
  const auto skip = std::filesystem::directory_options::none;
  for (std::filesystem::recursive_directory_iterator at(directory, skip, failed), end; !failed && at != end;
       at.increment(failed)) {
    const int error = Give(at->path(), ownership);
    // What is gone in the meantime needs no owner.
    if (error != 0 && error != ENOENT) return CannotGive(at->path(), ownership, runtime::FileErrorText(error));
  }
  if (failed) return CannotGive(directory, ownership, failed.message());
  // Last: as long as it is not as wanted, all is done again.
  if (const int error = Give(directory, ownership)) {
    return CannotGive(directory, ownership, runtime::FileErrorText(error));
  }
  return Ok();
}

}  // namespace reprieve::kubelet
