#include "runtime/user_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "runtime/fd.h"
#include "runtime/no_links.h"

namespace reprieve::runtime {
namespace {

Error Failed(int error) {
  if (error == ENXIO) return Error{"nobody reads from that pipe"};
  return Error{strerrordesc_np(error)};
}

Status WriteThrough(const std::string& path, int flags, std::string_view text) {
  // Without O_NONBLOCK a pipe that nobody reads would hold us up forever.
  const Fd fd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0666));
  if (!fd.ok()) return Failed(errno);
  fcntl(fd.get(), F_SETFL, 0);
  if (const int error = WriteAll(fd.get(), text)) return Failed(error);
  return Ok();
}

// The new content beside the file, then in its place. `mode`: as the file has it, or -1 for a new one.
int Replace(const std::string& path, std::string_view text, int mode) {
  const std::string draft = Cat(path, ".", getpid(), ".tmp");
  const auto make = [&] { return Fd(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)); };
  Fd fd = make();
  if (!fd.ok() && errno == EEXIST && unlink(draft.c_str()) == 0) fd = make();
  if (!fd.ok()) return errno;
  int error = mode >= 0 && fchmod(fd.get(), static_cast<mode_t>(mode)) != 0 ? errno : 0;
  if (error == 0) error = WriteAll(fd.get(), text);
  if (error == 0 && std::rename(draft.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) unlink(draft.c_str());
  return error;
}

}  // namespace

Status WriteUserFile(const std::string& path, std::string_view text) {
  struct stat found {};
  struct stat link {};
  const bool exists = stat(path.c_str(), &found) == 0;
  if (!exists && errno != ENOENT) return Failed(errno);
  if (exists && !S_ISREG(found.st_mode)) return WriteThrough(path, 0, text);
  if (!exists && lstat(path.c_str(), &link) == 0) return WriteThrough(path, O_CREAT, text);  // a link to nothing yet
  const std::unique_ptr<char, decltype(&std::free)> real(exists ? realpath(path.c_str(), nullptr) : nullptr,
                                                         &std::free);
  const std::string target = real ? real.get() : path;
  const int error = Replace(target, text, exists ? static_cast<int>(found.st_mode & 07777) : -1);
  if (error == 0) return Ok();
  // A file in a folder that is not ours to change may still be ours to write.
  if (exists && (error == EACCES || error == EPERM || error == EROFS)) return WriteThrough(target, O_TRUNC, text);
  return Failed(error);
}

}  // namespace reprieve::runtime
