#include "runtime/engine_folder.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/sha1.h"
#include "base/text.h"
#include "runtime/cgroup.h"
#include "runtime/file.h"
#include "runtime/no_links.h"
#include "runtime/tmpfs.h"

namespace reprieve::runtime {
namespace {

constexpr std::string_view kPrefix = "reprieve-";
constexpr std::string_view kLockSuffix = ".lock";
constexpr std::size_t kIdentityDigits = 8;
constexpr int kAttempts = 8;

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

// The same after a reboot, another on every other host.
const std::string& HostIdentity() {
  static const std::string identity = [] {
    utsname name{};
    uname(&name);
    const std::string text = Cat(ReadFile("/etc/machine-id"), name.nodename);
    return Sha1Hex(text).substr(0, kIdentityDigits);
  }();
  return identity;
}

std::string RandomText() {
  std::array<char, 4> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return Cat(getpid());
  return Hex({bytes.data(), bytes.size()});
}

// reprieve-...-HOST-RANDOM
std::optional<std::string> HostOf(const std::string& name) {
  const auto pieces = Split(name, '-');
  if (!name.starts_with(kPrefix) || pieces.size() < 4) return std::nullopt;
  return std::string(pieces[pieces.size() - 2]);
}

// 0, or the error: EAGAIN or EACCES if somebody holds it.
int Lock(const Fd& fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return fcntl(fd.get(), F_OFD_SETLK, &whole) == 0 ? 0 : errno;
}

bool IsStillAt(const Fd& fd, const std::string& path) {
  struct stat ours {};
  struct stat there {};
  return fstat(fd.get(), &ours) == 0 && lstat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

bool IsOurs(const std::string& path, mode_t kind) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && (found.st_mode & S_IFMT) == kind && found.st_uid == geteuid();
}

bool IsMountedWithLocalLocks(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return true;
  const std::string device = Cat(major(found.st_dev), ":", minor(found.st_dev));
  const std::string mounts = ReadFile("/proc/self/mountinfo");
  for (const std::string_view line : Split(mounts, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 3 || fields[2] != device) continue;
    for (const std::string_view option : Split(fields.back(), ',')) {
      if (option == "nolock" || option == "local_lock=all" || option == "local_lock=posix") return true;
    }
  }
  return false;
}

// Whether a lock below `path` keeps out whoever else can see it, on whatever host.
bool LocksReachEveryHost(const std::string& path) {
  struct statfs found {};
  if (statfs(path.c_str(), &found) != 0) return false;
  switch (static_cast<std::uint32_t>(found.f_type)) {
    case 0x6969:  // NFS
      return !IsMountedWithLocalLocks(path);
    case 0x65735546:  // FUSE
    case 0x517B:      // SMB
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB 2
    case 0x01021997:  // 9p
    case 0x5346414F:  // AFS
    case 0x0BD00BD0:  // Lustre
    case 0x19830326:  // BeeGFS
      return false;
    default:
      return true;
  }
}

}  // namespace

EngineFolder::EngineFolder(EngineFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

EngineFolder& EngineFolder::operator=(EngineFolder&& other) noexcept {
  if (this == &other) return *this;
  Remove();
  path_ = std::exchange(other.path_, {});
  lock_ = std::move(other.lock_);
  return *this;
}

EngineFolder::~EngineFolder() {
  Remove();
}

Result<EngineFolder> EngineFolder::Make(const std::string& parent) {
  std::string path;
  int error = EEXIST;
  for (int attempt = 0; attempt < kAttempts && error == EEXIST; ++attempt) {
    path = Cat(parent, "/", EngineName(), "-", HostIdentity(), "-", RandomText());
    const std::string lock_path = Cat(path, kLockSuffix);
    Fd lock = OpenWithoutLinks(lock_path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!lock.ok()) {
      error = errno;
      continue;
    }
    const int locked = Lock(lock);
    // Another engine may have taken it for abandoned in between.
    if (locked == EAGAIN || locked == EACCES || !IsStillAt(lock, lock_path)) continue;
    if (mkdir(path.c_str(), 0700) == 0) return EngineFolder(std::move(path), std::move(lock));
    error = errno;
    unlink(lock_path.c_str());
  }
  return Error{Cat("directory ", path, " cannot be made: ", FileErrorText(error))};
}

std::vector<EngineFolder> EngineFolder::TakeAbandoned(const std::string& parent) {
  std::vector<EngineFolder> out;
  const bool locks_reach_all = LocksReachEveryHost(parent);
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(parent, failed)) {
    std::string name = entry.path().filename();
    if (!name.ends_with(kLockSuffix)) continue;
    name.resize(name.size() - kLockSuffix.size());
    const auto host = HostOf(name);
    if (!host || (*host != HostIdentity() && !locks_reach_all)) continue;
    const std::string lock_path = entry.path();
    if (!IsOurs(lock_path, S_IFREG)) continue;
    Fd lock = OpenWithoutLinks(lock_path, O_RDWR);
    if (!lock.ok() || Lock(lock) != 0 || !IsStillAt(lock, lock_path)) continue;
    out.push_back(EngineFolder(Cat(parent, "/", name), std::move(lock)));
  }
  return out;
}

void EngineFolder::Leave() {
  path_.clear();
  lock_.Reset();
}

bool EngineFolder::Remove() {
  if (path_.empty()) return true;
  std::error_code failed;
  std::filesystem::remove_all(path_, failed);
  if (failed == std::errc::device_or_resource_busy) {
    failed.clear();
    UnmountBelow(path_);
    std::filesystem::remove_all(path_, failed);
  }
  if (failed) return false;
  unlink(Cat(path_, kLockSuffix).c_str());
  path_.clear();
  lock_.Reset();
  return true;
}

}  // namespace reprieve::runtime
