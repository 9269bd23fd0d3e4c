#include "kubelet/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>

#include "base/text.h"
#include "kubelet/volume_files.h"
#include "kubelet/volume_ownership.h"
#include "model/quantity.h"
#include "runtime/fd.h"
#include "runtime/no_links.h"
#include "runtime/tmpfs.h"

namespace reprieve::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kEveryone = 0777;

// No link on the way is followed: what somebody has put into the state folder or into a volume leads nowhere.
Status MakeDirectory(const std::string& path) {
  if (const int error = runtime::MakeDirectories(path)) {
    return Error{Cat("directory ", path, " cannot be made: ", runtime::FileErrorText(error))};
  }
  return Ok();
}

// Everyone may write to it, as the kubelet makes an emptyDir.
Status OpenToEveryone(const std::string& path) {
  const runtime::Fd directory = runtime::OpenWithoutLinks(path, O_RDONLY | O_DIRECTORY);
  if (directory.ok() && fchmod(directory.get(), kEveryone) == 0) return Ok();
  return Error{Cat("directory ", path, " cannot be opened to everyone: ", runtime::FileErrorText(errno))};
}

bool IsDirectory(const std::string& path) {
  return runtime::OpenWithoutLinks(path, O_PATH | O_DIRECTORY).ok();
}

Status CheckHostPath(const core::HostPathVolumeSource& source) {
  const std::string& path = source.path;
  const std::string& type = source.type;
  if (path.empty() || path.front() != '/') return Error{Cat("hostPath ", Quote(path), " is not an absolute path")};
  struct stat found {};
  const bool exists = stat(path.c_str(), &found) == 0;
  // What is made is made where links of this user's and of root lead; those of others lead nowhere.
  const auto place_to_make = [&path]() -> Result<std::string> {
    std::string real = runtime::ResolveTrustedLinks(path);
    if (real.empty()) return Error{Cat("hostPath ", path, " cannot be made: ", runtime::FileErrorText(errno))};
    return real;
  };
  // Without a type nothing is checked; container runtimes make what is missing.
  if (type == "DirectoryOrCreate" || (type.empty() && !exists)) {
    if (!exists) {
      const auto real = place_to_make();
      return real ? MakeDirectory(*real) : real.error();
    }
    if (type.empty() || S_ISDIR(found.st_mode)) return Ok();
    return Error{Cat("hostPath type check failed: ", path, " is not a directory")};
  }
  if (type.empty()) return Ok();
  if (type == "FileOrCreate" && !exists) {
    const auto real = place_to_make();
    if (!real) return real.error();
    if (!runtime::OpenWithoutLinks(*real, O_WRONLY | O_CREAT, 0644).ok()) {
      return Error{Cat("hostPath file ", path, " cannot be made: ", runtime::FileErrorText(errno))};
    }
    return Ok();
  }
  const struct {
    std::string_view type, noun;
    mode_t kind;
  } kinds[] = {{"Directory", "directory", S_IFDIR},         {"File", "file", S_IFREG},
               {"FileOrCreate", "file", S_IFREG},           {"Socket", "socket file", S_IFSOCK},
               {"CharDevice", "character device", S_IFCHR}, {"BlockDevice", "block device", S_IFBLK}};
  for (const auto& kind : kinds) {
    if (kind.type != type) continue;
    if (exists && (found.st_mode & S_IFMT) == kind.kind) return Ok();
    return Error{Cat("hostPath type check failed: ", path, " is not a ", kind.noun)};
  }
  return Error{Cat("hostPath type ", Quote(type), " is not known")};
}

// The API's name of what the volume is, if it is nothing that we know.
std::string KindOf(const core::Volume& volume) {
  return volume.rest.members().empty() ? std::string() : volume.rest.members().front().key;
}

bool IsSupported(const core::Volume& volume) {
  if (volume.empty_dir || volume.host_path || volume.claim || IsOfFiles(volume)) return true;
  // A claim that goes with its pod is a directory like an emptyDir here.
  if (volume.rest["ephemeral"].IsObject()) return true;
  return KindOf(volume).empty();  // nothing said means emptyDir
}

// A text whose variables all have to be there, and to be something.
Result<std::string> ExpandAll(const std::string& expression, const Variables& variables) {
  std::set<std::string> missing;
  std::string out = Expand(expression, [&](std::string_view name) {
    const std::string* value = variables(name);
    if (value == nullptr || value->empty()) missing.emplace(name);
    return value;
  });
  if (missing.empty()) return out;
  return Error{Cat("missing value for ", Join({missing.begin(), missing.end()}, ", "))};
}

// The real path, links followed; empty if it is not there.
std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : std::string();
}

}  // namespace

std::string ClaimFolder(const VolumePlaces& places, const meta::ObjectKey& claim) {
  return Cat(places.claims, "/", claim.namespace_, "/", claim.name);
}

Status MakeClaimFolder(const VolumePlaces& places, const meta::ObjectKey& claim) {
  const std::string path = ClaimFolder(places, claim);
  if (IsDirectory(path)) return Ok();
  if (auto made = MakeDirectory(path); !made) return made;
  return OpenToEveryone(path);
}

std::optional<std::string> RetiredClaimFolder(const VolumePlaces& places, const meta::ObjectKey& claim,
                                              std::string_view uid) {
  // No claim's name begins with a dot.
  std::string retired = Cat(places.claims, "/", claim.namespace_, "/.", claim.name, "-", uid);
  std::error_code failed;
  fs::rename(ClaimFolder(places, claim), retired, failed);
  if (failed) return std::nullopt;
  return retired;
}

// Makes the volumes of one pod, one after the other.
class PodVolumes::Maker {
 public:
  Maker(const PodFacts& facts, const VolumePlaces& places, const Settings& settings, PodVolumes& out)
      : facts_(facts),
        places_(places),
        settings_(settings),
        out_(out),
        own_(Cat("/", facts.metadata->namespace_, "_", facts.metadata->name, "_", facts.metadata->uid)),
        security_(facts.spec->rest["securityContext"]) {}

  Status Make(const core::Volume& volume) {
    Place& place = out_.places_[volume.name];
    if (volume.host_path) {
      place = {volume.host_path->path, false};
      return CheckHostPath(*volume.host_path);
    }
    if (volume.claim) {
      const std::string& name = volume.claim->claim_name;
      place = {ClaimFolder(places_, {facts_.metadata->namespace_, name}), volume.claim->read_only};
      if (!IsDirectory(place.path)) return Error{Cat("persistentvolumeclaim ", Quote(name), " not found")};
      return volume.claim->read_only ? Ok() : Give(place.path, false);
    }
    if (!IsSupported(volume)) {
      return Error{Cat("volume ", volume.name, " of kind ", KindOf(volume), " is not supported by run")};
    }
    if (IsOfFiles(volume)) return MakeFiles(volume, place);
    return MakeDirectoryOf(volume, place);
  }

 private:
  Status MakeFiles(const core::Volume& volume, Place& place) {
    const auto files = FilesOf(volume, facts_, settings_);
    if (!files) return files.error();
    const bool in_memory = volume.secret || volume.rest["projected"].IsObject();
    place = {DirectoryOf(in_memory ? places_.memory : places_.disk, volume), true};
    if (auto made = MakeDirectory(place.path); !made) return made;
    if (auto written = WriteVolumeFiles(place.path, *files); !written) return written;
    return Give(place.path, true);
  }

  Status MakeDirectoryOf(const core::Volume& volume, Place& place) {
    const bool in_memory = volume.empty_dir && volume.empty_dir->medium == "Memory";
    place = {DirectoryOf(in_memory ? places_.memory : places_.disk, volume), false};
    if (auto made = MakeDirectory(place.path); !made) return made;
    std::optional<std::int64_t> limit;
    if (volume.empty_dir && !volume.empty_dir->size_limit.empty()) {
      const auto size = model::Quantity::Parse(volume.empty_dir->size_limit);
      if (size && size->Sign() > 0) limit = size->Value();
    }
    const bool is_full_there = limit && in_memory && runtime::MountTmpfs(place.path, *limit) == 0;
    if (is_full_there) out_.mounted_.push_back(place.path);
    if (limit && !is_full_there)
      out_.limited_.push_back({volume.name, place.path, *limit, volume.empty_dir->size_limit});
    if (auto opened = OpenToEveryone(place.path); !opened) return opened;
    return Give(place.path, false);
  }

  // What stands under `base` for this pod alone.
  std::string DirectoryOf(const std::string& base, const core::Volume& volume) {
    const std::string mine = base + own_;
    if (out_.directories_.empty() || out_.directories_.back() != mine) out_.directories_.push_back(mine);
    return Cat(mine, "/", volume.name);
  }

  // To the pod's fsGroup. Who is not root keeps what is its own, as is said before anything starts.
  Status Give(const std::string& path, bool read_only) const {
    const core::Value& group = security_["fsGroup"];
    if (!group.IsNumber() || geteuid() != 0) return Ok();
    return GiveToGroup(path, {.group = static_cast<std::uint32_t>(group.AsInt()),
                              .read_only = read_only,
                              .only_on_mismatch = security_["fsGroupChangePolicy"].AsText() == "OnRootMismatch"});
  }

  const PodFacts& facts_;
  const VolumePlaces& places_;
  const Settings& settings_;
  PodVolumes& out_;
  const std::string own_;
  const core::Value& security_;
};

Result<PodVolumes> PodVolumes::Make(const PodFacts& facts, const VolumePlaces& places, const Settings& settings) {
  PodVolumes out;
  if (facts.spec->volumes.empty()) return out;
  Maker maker(facts, places, settings, out);
  for (const core::Volume& volume : facts.spec->volumes) {
    if (auto made = maker.Make(volume); !made) {
      out.Unmount();
      std::error_code ignored;
      for (const std::string& directory : out.directories_) fs::remove_all(directory, ignored);
      return Error{Cat("MountVolume.SetUp failed for volume ", Quote(volume.name), " : ", made.error().message)};
    }
  }
  return out;
}

void PodVolumes::Unmount() const {
  for (const std::string& path : mounted_) runtime::UnmountBelow(path);
}

std::string PodVolumes::PathOf(const std::string& volume) const {
  const auto at = places_.find(volume);
  return at == places_.end() ? std::string() : at->second.path;
}

Result<std::vector<runtime::Mount>> PodVolumes::MountsOf(const core::Container& container,
                                                         const Variables& variables) const {
  std::vector<runtime::Mount> out;
  for (const core::VolumeMount& mount : container.volume_mounts) {
    const auto at = places_.find(mount.name);
    if (at == places_.end())
      return Error{Cat("volume ", mount.name, " of container ", container.name, " does not exist")};
    const Place& place = at->second;
    std::string path = place.path;
    const std::string& expression = mount.rest["subPathExpr"].AsText();
    std::string sub_path = mount.sub_path;
    if (!expression.empty()) {
      auto expanded = ExpandAll(expression, variables);
      if (!expanded) return expanded.error();
      sub_path = std::move(*expanded);
    }
    if (!sub_path.empty()) {
      if (!StaysBelow(sub_path)) return Error{Cat("subPath ", Quote(sub_path), " leaves the volume ", mount.name)};
      path = Cat(path, "/", sub_path);
      // Links inside the volume are the pod's own doing: where one leads out, nothing is made and nothing is shown.
      fs::path existing = path;
      while (RealPath(existing).empty() && existing.has_relative_path()) existing = existing.parent_path();
      const std::string root = RealPath(place.path);
      const auto is_inside = [&root](const std::string& real) { return real == root || real.starts_with(root + "/"); };
      if (root.empty() || !is_inside(RealPath(existing))) {
        return Error{Cat("subPath ", Quote(sub_path), " leaves the volume ", mount.name)};
      }
      if (RealPath(path).empty()) {
        // From where it really begins, so that a link put there in the meantime is not followed.
        const std::string begin = RealPath(existing);
        const std::string rest = path.substr(existing.string().size());
        if (auto made = MakeDirectory(begin + rest); !made) return made.error();
      }
      path = RealPath(path);
      if (!is_inside(path)) return Error{Cat("subPath ", Quote(sub_path), " leaves the volume ", mount.name)};
    }
    out.push_back({std::move(path), mount.mount_path, place.read_only || mount.read_only});
  }
  return out;
}

std::vector<std::string> UnsupportedMounts(const core::PodSpec& spec) {
  std::vector<std::string> out;
  const auto check_mounts = [&](const std::vector<core::Container>& containers) {
    for (const core::Container& container : containers) {
      for (const core::VolumeMount& mount : container.volume_mounts) {
        const std::string& expression = mount.rest["subPathExpr"].AsText();
        const std::string& sub_path = expression.empty() ? mount.sub_path : expression;
        if (!sub_path.empty() && !StaysBelow(sub_path)) {
          out.push_back(Cat("subPath ", Quote(sub_path), " of container ", container.name, " leaves the volume ",
                            mount.name, "; give a path below it"));
        }
        bool found = false;
        for (const core::Volume& volume : spec.volumes) found |= volume.name == mount.name;
        if (!found) {
          out.push_back(Cat("container ", container.name, " mounts the volume ", mount.name, ", which the pod lacks"));
        }
      }
    }
  };
  check_mounts(spec.init_containers);
  check_mounts(spec.containers);
  return out;
}

}  // namespace reprieve::kubelet
