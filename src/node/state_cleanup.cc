#include "node/state_cleanup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/text.h"
#include "runtime/cgroup.h"

namespace reprieve::node {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBlock = 512;  // of st_blocks, whatever the file system's is

bool IsDirectory(const fs::path& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool IsRegularFile(const fs::path& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

// Those in it, by name; none if it can't be read or is no directory itself.
std::vector<fs::path> EntriesOf(const fs::path& directory) {
  std::vector<fs::path> out;
  if (!IsDirectory(directory)) return out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

Time TimeOf(const timespec& time) {
  return Time(Seconds(time.tv_sec) + Nanoseconds(time.tv_nsec));
}

struct Extent {
  std::int64_t bytes = 0;
  Time newest;
};

void Extend(const fs::path& path, Extent& extent) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return;
  extent.bytes += found.st_blocks * kBlock;
  extent.newest = std::max(extent.newest, TimeOf(found.st_mtim));
}

// Of all that is in it; links count, what they point to does not.
Extent ExtentOf(const fs::path& directory) {
  Extent out;
  Extend(directory, out);
  std::error_code ignored;
  for (fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied, ignored), end;
       at != end; at.increment(ignored)) {
    Extend(at->path(), out);
  }
  return out;
}

// 0.log, 12.log.3
bool IsLogName(std::string_view name) {
  const auto all_digits = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
  };
  const auto pieces = Split(name, '.');
  if (pieces.size() < 2 || pieces.size() > 3 || pieces[1] != "log") return false;
  return all_digits(pieces[0]) && (pieces.size() == 2 || all_digits(pieces[2]));
}

// Named NAMESPACE_POD, with nothing in it but folders of logs.
bool IsLogFolder(const fs::path& path) {
  const std::string name = path.filename();
  const bool named = std::count(name.begin(), name.end(), '_') == 1 && name.front() != '_' && name.back() != '_';
  if (!named || !IsDirectory(path)) return false;
  for (const fs::path& container : EntriesOf(path)) {
    if (!IsDirectory(container)) return false;
    for (const fs::path& log : EntriesOf(container)) {
      if (!IsRegularFile(log) || !IsLogName(log.filename().native())) return false;
    }
  }
  return true;
}

bool IsEngineFolder(const fs::path& path) {
  return path.filename().native().starts_with("reprieve-") && IsDirectory(path);
}

// When it was made; nothing if the file system does not say.
std::optional<Time> BirthOf(const fs::path& path) {
  struct statx found {};
  const bool known = statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME, &found) == 0 &&
                     (found.stx_mask & STATX_BTIME) != 0;
  if (!known) return std::nullopt;
  return Time(Seconds(found.stx_btime.tv_sec) + Nanoseconds(found.stx_btime.tv_nsec));
}

class Cleaner {
 public:
  explicit Cleaner(const CleanupOptions& options)
      : options_(options), logs_before_(options.now - options.older_than), volumes_before_(logs_before_) {}

  Cleanup Run() {
    const fs::path state = options_.state_directory;
    // First the engines: what lives says which logs may go.
    for (const fs::path& path : EntriesOf(state / "volumes")) CleanVolumes(path);
    for (const fs::path& path : EntriesOf(state / "logs")) CleanLogs(path);
    std::sort(out_.folders.begin(), out_.folders.end(),
              [](const CleanedFolder& a, const CleanedFolder& b) { return a.path < b.path; });
    return std::move(out_);
  }

 private:
  void CleanVolumes(const fs::path& path) {
    if (!IsEngineFolder(path)) return out_.left_out.push_back(path);
    if (!runtime::IsNameOfADeadEngine(path.filename())) {
      ++out_.living_runs;
      // Without a time of birth any log may be of that run.
      logs_before_ = std::min(logs_before_, BirthOf(path).value_or(Time()));
      return;
    }
    Clean(CleanedFolder::Kind::kVolumes, path, volumes_before_);
  }

  void CleanLogs(const fs::path& path) {
    if (!IsLogFolder(path)) return out_.left_out.push_back(path);
    Clean(CleanedFolder::Kind::kLogs, path, logs_before_);
  }

  void Clean(CleanedFolder::Kind kind, const fs::path& path, Time before) {
    const Extent extent = ExtentOf(path);
    if (extent.newest >= before) {
      ++out_.younger;
      return;
    }
    CleanedFolder folder{kind, path, extent.bytes, options_.now - extent.newest, {}};
    std::error_code failed;
    if (!options_.dry_run) fs::remove_all(path, failed);
    if (failed) folder.error = failed.message();
    out_.folders.push_back(std::move(folder));
  }

  const CleanupOptions& options_;
  Time logs_before_;
  const Time volumes_before_;
  Cleanup out_;
};

}  // namespace

Cleanup CleanStateFolder(const CleanupOptions& options) {
  return Cleaner(options).Run();
}

}  // namespace reprieve::node
