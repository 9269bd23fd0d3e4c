#include "kubelet/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/text.h"
#include "runtime/fd.h"
#include "runtime/no_links.h"

namespace reprieve::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kDefaultFileMode = 0644;
constexpr mode_t kEveryone = 0777;

// Relative, and nowhere above where it begins.
bool StaysBelow(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  for (const std::string_view part : Split(path, '/')) {
    if (part == "..") return false;
  }
  return true;
}

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

Status WriteFile(const std::string& path, const std::string& bytes, mode_t mode) {
  if (const int error = runtime::WriteNewFile(path, bytes, mode)) {
    return Error{Cat("file ", path, " cannot be written: ", runtime::FileErrorText(error))};
  }
  return Ok();
}

using Keys = std::map<std::string, std::string>;

// A ConfigMap or a Secret as files. `keys`: null pointer if there is none.
template <class Source>
Status WriteKeys(const std::string& directory, const std::string& object, const Source& source, const Keys* keys) {
  const bool optional = source.optional.value_or(false);
  if (auto made = MakeDirectory(directory); !made) return made;
  if (keys == nullptr) {
    if (optional) return Ok();
    return Error{Cat(object, " not found")};
  }
  const auto mode_of = [&](const std::optional<std::int32_t>& mode) {
    if (mode) return static_cast<mode_t>(*mode);
    return source.default_mode ? static_cast<mode_t>(*source.default_mode) : kDefaultFileMode;
  };
  if (source.items.empty()) {
    for (const auto& [key, value] : *keys) {
      if (!StaysBelow(key)) return Error{Cat(object, " has the key ", Quote(key), ", which cannot name a file")};
      if (auto written = WriteFile(Cat(directory, "/", key), value, mode_of({})); !written) return written;
    }
    return Ok();
  }
  for (const core::KeyToPath& item : source.items) {
    const auto at = keys->find(item.key);
    if (at == keys->end()) {
      if (optional) continue;
      return Error{Cat(object, " references non-existent key: ", item.key)};
    }
    if (!StaysBelow(item.path)) return Error{Cat("path ", Quote(item.path), " leaves the volume")};
    if (auto written = WriteFile(Cat(directory, "/", item.path), at->second, mode_of(item.mode)); !written) {
      return written;
    }
  }
  return Ok();
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
  if (volume.empty_dir || volume.host_path || volume.config_map || volume.secret || volume.claim) return true;
  return KindOf(volume).empty();  // nothing said means emptyDir
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

Result<PodVolumes> PodVolumes::Make(const meta::ObjectMeta& pod, const core::PodSpec& spec, const VolumePlaces& places,
                                    const Settings& settings) {
  PodVolumes out;
  const std::string own = Cat("/", pod.namespace_, "_", pod.name, "_", pod.uid);
  // What stands under `base` for this pod alone.
  const auto directory_of = [&](const std::string& base, const core::Volume& volume) {
    const std::string mine = base + own;
    if (out.directories_.empty() || out.directories_.back() != mine) out.directories_.push_back(mine);
    return Cat(mine, "/", volume.name);
  };
  const auto make = [&](const core::Volume& volume) -> Status {
    Place& place = out.places_[volume.name];
    if (volume.host_path) {
      place = {volume.host_path->path, false, true};
      return CheckHostPath(*volume.host_path);
    }
    if (volume.config_map) {
      const std::string& name = volume.config_map->name;
      place = {directory_of(places.disk, volume), true, false};
      const core::ConfigMap* found = settings.FindConfigMap({pod.namespace_, name});
      return WriteKeys(place.path, Cat("configmap ", Quote(name)), *volume.config_map,
                       found == nullptr ? nullptr : &found->data);
    }
    if (volume.secret) {
      const std::string& name = volume.secret->secret_name;
      place = {directory_of(places.memory, volume), true, false};
      const core::Secret* found = settings.FindSecret({pod.namespace_, name});
      return WriteKeys(place.path, Cat("secret ", Quote(name)), *volume.secret,
                       found == nullptr ? nullptr : &found->data);
    }
    if (volume.claim) {
      const std::string& name = volume.claim->claim_name;
      place = {ClaimFolder(places, {pod.namespace_, name}), volume.claim->read_only, true};
      if (IsDirectory(place.path)) return Ok();
      return Error{Cat("persistentvolumeclaim ", Quote(name), " not found")};
    }
    if (!IsSupported(volume)) {
      return Error{Cat("volume ", volume.name, " of kind ", KindOf(volume), " is not supported by run")};
    }
    const bool in_memory = volume.empty_dir && volume.empty_dir->medium == "Memory";
    place = {directory_of(in_memory ? places.memory : places.disk, volume), false, true};
    if (auto made = MakeDirectory(place.path); !made) return made;
    return OpenToEveryone(place.path);
  };
  for (const core::Volume& volume : spec.volumes) {
    if (auto made = make(volume); !made) {
      std::error_code ignored;
      for (const std::string& directory : out.directories_) fs::remove_all(directory, ignored);
      return Error{Cat("MountVolume.SetUp failed for volume ", Quote(volume.name), " : ", made.error().message)};
    }
  }
  return out;
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
    const std::string sub_path = expression.empty() ? mount.sub_path : Expand(expression, variables);
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
        if (!place.may_create) return Error{Cat("subPath ", Quote(sub_path), " is not in the volume ", mount.name)};
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
