#include "runtime/no_links.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

constexpr int kMostLinks = 40;  // as the kernel follows
constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// Nothing if this kernel or a filter of system calls does not have it.
std::optional<Fd> OpenAtOnce(const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const long fd = syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) return std::nullopt;
  return Fd(static_cast<int>(fd));
}

bool IsLink(int directory, const char* name) {
  struct stat found {};
  return fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
}

std::pair<std::string, std::string> ParentAndName(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Fd OpenStart(const std::string& path) {
  return Fd(open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

// Step by step. `made_with`: missing directories are made with this mode.
Fd OpenDirectory(const std::string& path, std::optional<mode_t> made_with) {
  Fd at = OpenStart(path);
  for (const std::string_view piece : Split(path, '/')) {
    if (!at.ok()) return at;
    if (piece.empty() || piece == ".") continue;
    const std::string name(piece);
    Fd next(openat(at.get(), name.c_str(), kDirectory));
    if (!next.ok() && errno == ENOENT && made_with) {
      if (mkdirat(at.get(), name.c_str(), *made_with) != 0 && errno != EEXIST) return {};
      next = Fd(openat(at.get(), name.c_str(), kDirectory));
    }
    if (!next.ok() && errno == ENOTDIR && IsLink(at.get(), name.c_str())) errno = ELOOP;
    at = std::move(next);
  }
  return at;
}

Fd OpenIn(const Fd& directory, const std::string& name, int flags, mode_t mode) {
  if (!directory.ok()) return {};
  return Fd(openat(directory.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
}

}  // namespace

Fd OpenWithoutLinks(const std::string& path, int flags, mode_t mode) {
  if (auto fd = OpenAtOnce(path, flags, mode)) return std::move(*fd);
  const auto [parent, name] = ParentAndName(path);
  return OpenIn(OpenDirectory(parent, {}), name, flags, mode);
}

int MakeDirectories(const std::string& path, mode_t mode) {
  return OpenDirectory(path, mode).ok() ? 0 : errno;
}

int WriteNewFile(const std::string& path, std::string_view bytes, mode_t mode) {
  const auto [parent, name] = ParentAndName(path);
  const Fd directory = OpenDirectory(parent, 0755);
  const Fd fd = OpenIn(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd.ok()) return errno;
  if (const int error = WriteAll(fd.get(), bytes)) return error;
  return fchmod(fd.get(), mode) == 0 ? 0 : errno;
}

std::string ResolveTrustedLinks(const std::string& path) {
  std::deque<std::string> left;
  for (const std::string_view piece : Split(path, '/')) left.emplace_back(piece);
  std::string at;
  int links = 0;
  while (!left.empty()) {
    const std::string piece = std::exchange(left.front(), {});
    left.pop_front();
    if (piece.empty() || piece == ".") continue;
    if (piece == "..") {
      // No link is left in what comes before, so that its text is the way back.
      at.resize(std::min(at.size(), at.find_last_of('/') == std::string::npos ? 0 : at.find_last_of('/')));
      continue;
    }
    const std::string next = Cat(at, "/", piece);
    struct stat found {};
    if (lstat(next.c_str(), &found) != 0 && errno != ENOENT) return {};
    if (!S_ISLNK(found.st_mode)) {
      at = next;
      continue;
    }
    std::string target(4096, '\0');
    const ssize_t size = readlink(next.c_str(), target.data(), target.size());
    const bool trusted = found.st_uid == 0 || found.st_uid == geteuid();
    if (size <= 0 || !trusted || ++links > kMostLinks) {
      errno = ELOOP;
      return {};
    }
    target.resize(static_cast<std::size_t>(size));
    if (target.starts_with('/')) at.clear();
    const auto pieces = Split(target, '/');
    left.insert(left.begin(), pieces.begin(), pieces.end());
  }
  return at.empty() ? "/" : at;
}

int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

std::string_view FileErrorText(int error) {
  return error == ELOOP ? "a symbolic link is on its way, which is not followed here" : strerrordesc_np(error);
}

}  // namespace reprieve::runtime
