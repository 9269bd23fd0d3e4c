#include "node/state_cleanup.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/text.h"
#include "node/journal_file.h"
#include "runtime/engine_folder.h"

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

constexpr std::string_view kLockSuffix = ".lock";

fs::path LockOf(const fs::path& folder) {
  return folder.native() + std::string(kLockSuffix);
}

class Cleaner {
 public:
  explicit Cleaner(const CleanupOptions& options)
      : options_(options), logs_before_(options.now - options.older_than), volumes_before_(logs_before_) {}

  Cleanup Run() {
    const fs::path state = options_.state_directory;
    // First the engines: those that live say which logs may go.
    CleanVolumes(state / "volumes");
    for (const fs::path& path : EntriesOf(state / "logs")) CleanLogs(path);
    CleanJournals(state / "journal");
    std::sort(out_.folders.begin(), out_.folders.end(),
              [](const CleanedFolder& a, const CleanedFolder& b) { return a.path < b.path; });
    return std::move(out_);
  }

 private:
  // Who holds the lock of an engine's folder may remove it
  // (runtime/engine_folder.h).
  void CleanVolumes(const fs::path& volumes) {
    if (!IsDirectory(volumes)) return;
    std::error_code failed;
    const fs::path real = fs::canonical(volumes, failed);
    if (failed) return;
    std::map<fs::path, runtime::EngineFolder> abandoned;  // by name
    for (runtime::EngineFolder& folder : runtime::EngineFolder::TakeAbandoned(real)) {
      const fs::path name = fs::path(folder.path()).filename();
      abandoned.emplace(name, std::move(folder));
    }
    for (const fs::path& path : EntriesOf(volumes)) {
      const bool is_lock = path.native().ends_with(kLockSuffix);
      const auto found = abandoned.find(is_lock ? path.stem() : path.filename());
      if (is_lock && found == abandoned.end()) {
        NoteLivingRun(path);
      } else if (!is_lock && found != abandoned.end()) {
        CleanVolume(path, found->second);
      } else if (!is_lock && !IsRegularFile(LockOf(path))) {
        out_.left_out.push_back(path);
      }
    }
    for (auto& [name, folder] : abandoned) folder.Leave();
  }

  // Its lock was made when it began, and is never written.
  void NoteLivingRun(const fs::path& lock) {
    struct stat found {};
    if (lstat(lock.c_str(), &found) != 0) return;
    ++out_.living_runs;
    logs_before_ = std::min(logs_before_, TimeOf(found.st_mtim));
  }

  void CleanVolume(const fs::path& path, runtime::EngineFolder& folder) {
    Clean(CleanedFolder::Kind::kVolumes, path, volumes_before_,
          [&folder] { return folder.Remove() ? std::string() : std::string("not all of it can be removed"); });
  }

  void CleanLogs(const fs::path& path) {
    if (!IsLogFolder(path)) return out_.left_out.push_back(path);
    Clean(CleanedFolder::Kind::kLogs, path, logs_before_, [&path] {
      std::error_code failed;
      fs::remove_all(path, failed);
      return failed ? failed.message() : std::string();
    });
  }

  // A run that lives holds a lock on its journal (node/journal_file.h). Young ones need no mention.
  void CleanJournals(const fs::path& journals) {
    for (const fs::path& path : EntriesOf(journals)) {
      if (!IsRegularFile(path) || !IsJournalName(path.filename().native())) {
        out_.left_out.push_back(path);
        continue;
      }
      if (ExtentOf(path).newest >= volumes_before_ || IsLiveJournal(path)) continue;
      Clean(CleanedFolder::Kind::kJournal, path, volumes_before_, [&path] {
        std::error_code failed;
        fs::remove(path, failed);
        return failed ? failed.message() : std::string();
      });
    }
  }

  // `remove` returns why it failed; empty if it did not.
  void Clean(CleanedFolder::Kind kind, const fs::path& path, Time before, const auto& remove) {
    const Extent extent = ExtentOf(path);
    if (extent.newest >= before) {
      ++out_.younger;
      return;
    }
    CleanedFolder folder{kind, path, extent.bytes, options_.now - extent.newest, {}};
    if (!options_.dry_run) folder.error = remove();
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
