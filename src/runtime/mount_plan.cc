#include "runtime/mount_plan.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

// A directory with more entries than this is not shown again: each costs a mount.
constexpr std::size_t kMaxCoverEntries = 4096;

// In a container with a read-only root too.
constexpr const char* kStaysWritable[] = {"/proc", "/dev/shm", "/dev/mqueue", "/dev/pts"};

// Where a covered directory's devices are, beside the links to them.
constexpr std::string_view kOriginal = ".original";

enum class Kind : std::uint8_t { kMissing, kDirectory, kFile };

Kind KindOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return Kind::kMissing;
  return S_ISDIR(status.st_mode) ? Kind::kDirectory : Kind::kFile;
}

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string Under(const std::string& directory, std::string_view name) {
  return directory == "/" ? Cat("/", name) : Cat(directory, "/", name);
}

bool IsUnder(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.size() > 1;
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

std::ptrdiff_t DepthOf(std::string_view path) {
  return path == "/" ? 0 : std::count(path.begin(), path.end(), '/');
}

// Every directory from below `top` down to the parent of `path`.
std::vector<std::string> Between(const std::string& top, const std::string& path) {
  std::vector<std::string> out;
  for (std::string at = ParentOf(path); IsUnder(at, top); at = ParentOf(at)) out.push_back(at);
  std::reverse(out.begin(), out.end());
  return out;
}

// Device nodes of terminals and disks by the dozen, which no job opens by name: left out where /dev is covered.
bool IsClutter(const std::string& directory, std::string_view name) {
  if (directory != "/dev") return false;
  const bool numbered = !name.empty() && IsDigit(name.back());
  return (name.starts_with("tty") && numbered) || (name.starts_with("vcs")) || (name.starts_with("loop") && numbered) ||
         (name.starts_with("ram") && numbered);
}

class Planner {
 public:
  Planner(const Staging& staging, std::vector<SetupStep>& steps, RootAccess root)
      : staging_(staging), steps_(steps), read_only_root_(root == RootAccess::kReadOnly) {}

  Status Plan(std::vector<Mount> mounts) {
    for (Mount& mount : mounts) {
      if (auto status = Check(mount); !status) return status;
    }
    if (read_only_root_) AddWhatStaysWritable(mounts);
    // A mount above another comes first, or it would hide it.
    std::stable_sort(mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) {
      return DepthOf(a.container_path) < DepthOf(b.container_path);
    });
    // Taken before, a tree is not made read-only with the rest.
    const bool by_tree = read_only_root_ || SomeHideASource(mounts);
    for (std::size_t i = 0; by_tree && i < mounts.size(); ++i) {
      Add({.kind = StepKind::kTakeTree, .source = mounts[i].host_path, .tree = i});
    }
    if (auto status = CoverWhatIsNeeded(mounts); !status) return status;
    if (read_only_root_) {
      // Nothing can be made in the root afterwards.
      for (const Mount& mount : mounts) {
        if (MountAbove(mounts, mount.container_path) == nullptr) MakePoint(mount);
      }
      Add({.kind = StepKind::kReadOnly, .target = "/"});
    }
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      if (!read_only_root_ || MountAbove(mounts, mounts[i].container_path) != nullptr) MakePoint(mounts[i]);
      Place(mounts[i], by_tree ? std::optional(i) : std::nullopt);
    }
    return Ok();
  }

 private:
  static Status Check(Mount& mount) {
    const std::string clean = CleanPath(mount.container_path);
    if (clean.empty() || clean == "/") {
      return Error{Cat("mount path ", Quote(mount.container_path), " is not an absolute path below /")};
    }
    mount.container_path = clean;
    mount.host_path = CleanPath(mount.host_path);
    if (mount.host_path.empty() || KindOf(mount.host_path) == Kind::kMissing) {
      return Error{Cat("volume for mount path ", clean, ": ", mount.host_path, " does not exist on this machine")};
    }
    return Ok();
  }

  static void AddWhatStaysWritable(std::vector<Mount>& mounts) {
    const std::size_t own = mounts.size();
    for (const char* path : kStaysWritable) {
      const auto covers = [path](const Mount& mount) {
        return mount.container_path == path || IsUnder(path, mount.container_path);
      };
      const auto end = mounts.begin() + static_cast<std::ptrdiff_t>(own);
      if (std::any_of(mounts.begin(), end, covers) || KindOf(path) != Kind::kDirectory) continue;
      mounts.push_back({path, path});
    }
  }

  // A volume at /tmp hides a volume that is kept below /tmp: then all are taken before any is placed.
  static bool SomeHideASource(const std::vector<Mount>& mounts) {
    for (const Mount& hiding : mounts) {
      for (const Mount& mount : mounts) {
        if (IsUnder(mount.host_path, hiding.container_path) || mount.host_path == hiding.container_path) return true;
      }
    }
    return false;
  }

  // Whether a mount of the same plan lies above: then what is missing is made inside it.
  static const Mount* MountAbove(const std::vector<Mount>& mounts, const std::string& path) {
    const Mount* above = nullptr;
    for (const Mount& mount : mounts) {
      if (IsUnder(path, mount.container_path)) above = &mount;  // sorted: the deepest is the last
    }
    return above;
  }

  Status CoverWhatIsNeeded(const std::vector<Mount>& mounts) {
    std::set<std::string> missing;
    for (const Mount& mount : mounts) {
      const Mount* above = MountAbove(mounts, mount.container_path);
      if (above == nullptr && KindOf(mount.container_path) == Kind::kMissing) missing.insert(mount.container_path);
    }
    std::set<std::pair<std::ptrdiff_t, std::string>> to_cover;
    for (const std::string& path : missing) {
      std::string directory = ParentOf(path);
      while (KindOf(directory) == Kind::kMissing) directory = ParentOf(directory);
      // The path as it is spelled may lead through a symbolic link; what is covered is the place itself.
      std::error_code failed;
      const std::string real = fs::canonical(directory, failed);
      to_cover.emplace(DepthOf(directory), failed ? directory : real);
    }
    for (const auto& [depth, directory] : to_cover) {
      if (auto status = Cover(directory); !status) return status;
    }
    return Ok();
  }

  Status Cover(const std::string& directory) {
    struct stat now {};
    const bool known = stat(directory.c_str(), &now) == 0;
    if (const auto steps = known ? staging_.CoverOf(directory, now) : nullptr) {
      steps_.insert(steps_.end(), steps->begin(), steps->end());
      return Ok();
    }
    const auto before = static_cast<std::ptrdiff_t>(steps_.size());
    Status read = ReadCover(directory);
    if (known && read.ok()) staging_.KeepCover(directory, now, {steps_.begin() + before, steps_.end()});
    return read;
  }

  // A tmpfs put together at the staging directory, with every entry of `directory`, then moved over it.
  Status ReadCover(const std::string& directory) {
    std::error_code failed;
    const fs::directory_iterator listing(directory, failed);
    if (failed) {
      errno = failed.value();
      return Error{Cat("cannot list ", directory, ": ", failed.message())};
    }
    Add({.kind = StepKind::kMount,
         .source = "tmpfs",
         .target = staging_.path(),
         .type = "tmpfs",
         .flags = MS_NOSUID,
         .data = "mode=0755"});
    // Or the directory that holds the staging directory would show the tmpfs inside itself.
    Add({.kind = StepKind::kMount, .source = "none", .target = staging_.path(), .flags = MS_UNBINDABLE});
    showed_original_ = false;
    std::size_t entries = 0;
    for (const auto& entry : listing) {
      const std::string name = entry.path().filename();
      if (IsClutter(directory, name)) continue;
      if (++entries > kMaxCoverEntries) {
        return Error{Cat(directory, " has more than ", kMaxCoverEntries,
                         " entries, too many to add a mount path to; create the mount path on this machine")};
      }
      Show(directory, name);
    }
    if (directory == "/") {
      Add({.kind = StepKind::kEnterRoot, .target = staging_.path()});
    } else {
      Add({.kind = StepKind::kMount, .source = staging_.path(), .target = directory, .flags = MS_MOVE});
    }
    Add({.kind = StepKind::kMount, .source = "none", .target = directory, .flags = MS_PRIVATE});
    return Ok();
  }

  // The staging directory shows the same as `directory` under that name.
  void Show(const std::string& directory, const std::string& name) {
    const std::string original = Under(directory, name);
    const std::string copy = Under(staging_.path(), name);
    struct stat status {};
    if (lstat(original.c_str(), &status) != 0) return;
    if (S_ISLNK(status.st_mode)) {
      std::error_code failed;
      const std::string target = fs::read_symlink(original, failed);
      if (!failed) Add({.kind = StepKind::kMakeLink, .source = target, .target = copy});
    } else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
      ShowOriginal(directory);
      Add({.kind = StepKind::kMakeLink, .source = Cat(kOriginal, "/", name), .target = copy});
    } else {
      Add({.kind = S_ISDIR(status.st_mode) ? StepKind::kMakeDirectory : StepKind::kMakeFile, .target = copy});
      Add({.kind = StepKind::kMount, .source = original, .target = copy, .flags = MS_BIND | MS_REC});
    }
  }

  // Devices are links into the directory itself, shown once: /dev has a hundred, and every pod with a termination
  // message covers it. A link costs a tenth of a mount.
  void ShowOriginal(const std::string& directory) {
    if (std::exchange(showed_original_, true)) return;
    const std::string place = Under(staging_.path(), kOriginal);
    Add({.kind = StepKind::kMakeDirectory, .target = place});
    // With what is mounted below: an ordinary user may not uncover what a mount hides.
    Add({.kind = StepKind::kMount, .source = directory, .target = place, .flags = MS_BIND | MS_REC});
  }

  void MakePoint(const Mount& mount) {
    if (KindOf(mount.container_path) != Kind::kMissing) return;
    for (const std::string& directory : Between("/", mount.container_path)) {
      if (KindOf(directory) == Kind::kMissing) Add({.kind = StepKind::kMakeDirectory, .target = directory});
    }
    const bool is_directory = KindOf(mount.host_path) == Kind::kDirectory;
    Add({.kind = is_directory ? StepKind::kMakeDirectory : StepKind::kMakeFile, .target = mount.container_path});
  }

  void Place(const Mount& mount, std::optional<std::size_t> tree) {
    if (tree) {
      Add({.kind = StepKind::kPlaceTree, .target = mount.container_path, .tree = *tree});
    } else {
      Add({.kind = StepKind::kMount,
           .source = mount.host_path,
           .target = mount.container_path,
           .flags = MS_BIND | MS_REC});
    }
    if (mount.read_only) Add({.kind = StepKind::kReadOnly, .target = mount.container_path});
  }

  void Add(SetupStep step) { steps_.push_back(std::move(step)); }

  const Staging& staging_;
  std::vector<SetupStep>& steps_;
  const bool read_only_root_;
  bool showed_original_ = false;
};

}  // namespace

Status PlanMounts(std::vector<Mount> mounts, const Staging& staging, std::vector<SetupStep>& steps, RootAccess root) {
  if (mounts.empty() && root == RootAccess::kAsItIs) return Ok();
  return Planner(staging, steps, root).Plan(std::move(mounts));
}

std::string CleanPath(std::string_view path) {
  if (!path.starts_with('/')) return {};
  std::string out;
  for (const std::string_view piece : Split(path.substr(1), '/')) {
    if (piece.empty() || piece == ".") continue;
    if (piece == "..") return {};
    AppendTo(out, '/', piece);
  }
  return out.empty() ? "/" : out;
}

bool MachineHasHostsFile() {
  return access("/etc/hosts", F_OK) == 0;
}

}  // namespace reprieve::runtime
