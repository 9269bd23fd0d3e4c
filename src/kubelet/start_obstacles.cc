#include "kubelet/start_obstacles.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "kubelet/environment.h"
#include "kubelet/expand.h"
#include "kubelet/hooks.h"
#include "kubelet/security.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kIndexVariable = "JOB_COMPLETION_INDEX";

bool Exists(const std::string& path) {
  struct stat ignored {};
  return stat(path.c_str(), &ignored) == 0;
}

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// Without ".", doubled and trailing slashes; relative to "/" if it is relative. Empty: it is "/", or it leaves it.
std::string BelowRoot(std::string_view path) {
  std::string out;
  for (const std::string_view piece : Split(path, '/')) {
    if (piece == "..") return {};
    if (!piece.empty() && piece != ".") AppendTo(out, '/', piece);
  }
  return out;
}

class ObstacleCheck {
 public:
  ObstacleCheck(const core::PodSpec& spec, const PodOrigin& origin, const Settings& settings,
                const std::string& directory)
      : spec_(spec), origin_(origin), settings_(settings), directory_(directory) {}

  std::vector<FieldFinding> Run() {
    for (std::size_t i = 0; i < spec_.volumes.size(); ++i) {
      path_ = Cat("volumes[", i, "]");
      if (const auto& host_path = spec_.volumes[i].host_path) CheckHostPath(*host_path);
      if (const auto& empty = spec_.volumes[i].empty_dir; empty && empty->medium.starts_with("HugePages")) {
        Refuse(".emptyDir.medium", "huge pages can't be mounted here; use Memory, or remove it");
      }
    }
    CheckAll(spec_.init_containers, "initContainers");
    CheckAll(spec_.containers, "containers");
    return std::move(found_);
  }

 private:
  void CheckAll(const std::vector<core::Container>& containers, std::string_view list) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      path_ = Cat(list, "[", i, "]");
      for (std::size_t j = 0; j < containers[i].volume_mounts.size(); ++j) CheckMount(containers[i], j);
      CheckVariables(containers[i]);
      CheckHooks(containers[i]);
      CheckDirectory(containers[i]);
      CheckPorts(containers[i]);
    }
  }

  void CheckHostPath(const core::HostPathVolumeSource& source) {
    if (!source.path.starts_with('/')) {
      return Refuse(".hostPath.path", Cat(Quote(source.path), " is not an absolute path; begin it with /"));
    }
    const bool made_if_missing = source.type.empty() || source.type.ends_with("OrCreate");
    if (!made_if_missing || Exists(source.path)) return;
    std::string above = ParentOf(source.path);
    while (above != "/" && !Exists(above)) above = ParentOf(above);
    if (access(above.c_str(), W_OK | X_OK) == 0) return;
    Refuse(".hostPath.path",
           Cat(source.path, " does not exist and can't be made in ", above, "; make it, or name one that exists"));
  }

  void CheckMount(const core::Container& container, std::size_t number) {
    const core::VolumeMount& mount = container.volume_mounts[number];
    const std::string at = Cat(".volumeMounts[", number, "]");
    if (std::filesystem::path(Cat("/", mount.mount_path)).lexically_normal() == "/") {
      Refuse(Cat(at, ".mountPath"),
             Cat(Quote(mount.mount_path), " is not a path below /; name a directory of its own"));
    }
    const std::string& expression = mount.rest["subPathExpr"].AsText();
    if (!expression.empty()) CheckExpression(container, expression, Cat(at, ".subPathExpr"));
    if (!mount.sub_path.empty()) CheckSubPath(mount, Cat(at, ".subPath"));
  }

  void CheckExpression(const core::Container& container, const std::string& expression, const std::string& at) {
    meta::ObjectMeta pod;
    pod.namespace_ = origin_.name_space;
    const auto environment = ContainerEnvironment(container, {&pod, &spec_, nullptr, {}, {}}, settings_);
    if (!environment) return;  // what is missing is told where it is missing
    std::vector<std::string> undefined;
    static const std::string kSome = "0";
    Expand(expression, [&](std::string_view name) -> const std::string* {
      if (const auto at_name = environment->find(name); at_name != environment->end()) return &at_name->second;
      if (origin_.indexed && name == kIndexVariable) return &kSome;
      undefined.emplace_back(name);
      return nullptr;
    });
    for (const std::string& name : undefined) {
      Warn(at, Cat("missing value for ", name, ": the container has no such variable and waits with ",
                   "CreateContainerConfigError, as on a cluster; add it to its env"));
    }
  }

  // A volume of files is filled before the container starts: what is not in it then never will be.
  void CheckSubPath(const core::VolumeMount& mount, const std::string& at) {
    const auto volume = std::find_if(spec_.volumes.begin(), spec_.volumes.end(),
                                     [&](const core::Volume& each) { return each.name == mount.name; });
    if (volume == spec_.volumes.end()) return;
    std::vector<std::string> files;
    if (volume->config_map) {
      const core::ConfigMap* found = settings_.FindConfigMap({origin_.name_space, volume->config_map->name});
      files = FilesOf(*volume->config_map, found == nullptr ? nullptr : &found->data);
    } else if (volume->secret) {
      const core::Secret* found = settings_.FindSecret({origin_.name_space, volume->secret->secret_name});
      files = FilesOf(*volume->secret, found == nullptr ? nullptr : &found->data);
    } else {
      return;
    }
    const std::string wanted = BelowRoot(mount.sub_path);
    const bool there = std::any_of(files.begin(), files.end(), [&](const std::string& file) {
      return file == wanted || file.starts_with(Cat(wanted, "/"));
    });
    if (there) return;
    Warn(at, Cat(Quote(mount.sub_path), " is not in the volume ", mount.name,
                 files.empty() ? ", which is empty" : Cat(", which has ", Join(files, ", ")),
                 ": an empty directory is mounted in its place, as on a cluster; name one that is, or add the key"));
  }

  template <class Source>
  static std::vector<std::string> FilesOf(const Source& source, const std::map<std::string, std::string>* keys) {
    std::vector<std::string> out;
    if (keys == nullptr) return out;
    for (const core::KeyToPath& item : source.items) {
      if (keys->contains(item.key)) out.push_back(BelowRoot(item.path));
    }
    if (!source.items.empty()) return out;
    for (const auto& [key, value] : *keys) out.push_back(BelowRoot(key));
    return out;
  }

  void CheckVariables(const core::Container& container) {
    for (std::size_t i = 0; i < container.env.size(); ++i) {
      const auto& from = container.env[i].value_from;
      if (!from || !from->resource_field_ref) continue;
      const std::string& name = from->resource_field_ref->container_name;
      if (name.empty() || HasContainer(name)) continue;
      Refuse(Cat(".env[", i, "].valueFrom.resourceFieldRef.containerName"),
             Cat("the pod has no container ", Quote(name), "; name one of its containers, or remove the field"));
    }
  }

  bool HasContainer(const std::string& name) const {
    for (const auto* containers : {&spec_.containers, &spec_.init_containers}) {
      for (const core::Container& container : *containers) {
        if (container.name == name) return true;
      }
    }
    return false;
  }

  void CheckHooks(const core::Container& container) {
    for (const HookKind kind : {HookKind::kPostStart, HookKind::kPreStop}) {
      if (HookOf(container, kind)["tcpSocket"].IsNull()) continue;
      Warn(Cat(".lifecycle.", NameOf(kind), ".tcpSocket"),
           Cat("is accepted and fails whenever it is tried, as on a cluster",
               kind == HookKind::kPostStart ? ": the container is stopped as soon as it runs" : "",
               "; use exec or httpGet"));
    }
  }

  // The container is started in "/" then, rather than not at all.
  void CheckDirectory(const core::Container& container) {
    if (!container.working_dir.empty()) return;
    const Security security = SecurityOf(spec_, container, geteuid());
    if (!security.user || MayEnter(directory_, *security.user, security.group.value_or(0))) return;
    found_.push_back({path_, model::Support::kWarned,
                      Cat("works in /, for user ", *security.user, " may not enter ", directory_,
                          ", where reprieve was started; set workingDir")});
  }

  // Two numbers of one machine: nothing connects them.
  void CheckPorts(const core::Container& container) {
    for (std::size_t i = 0; i < container.ports.size(); ++i) {
      const std::int64_t port = container.ports[i].rest["hostPort"].AsInt();
      if (port == 0 || port == container.ports[i].container_port) continue;
      Warn(Cat(".ports[", i, "].hostPort"),
           Cat(port, " does not lead to containerPort ", container.ports[i].container_port,
               ": the program listens on this machine itself; use one number for both"));
    }
  }

  void Refuse(std::string_view field, std::string reason) {
    found_.push_back({Cat(path_, field), model::Support::kRefused, std::move(reason)});
  }
  void Warn(std::string_view field, std::string reason) {
    found_.push_back({Cat(path_, field), model::Support::kWarned, std::move(reason)});
  }

  const core::PodSpec& spec_;
  const PodOrigin& origin_;
  const Settings& settings_;
  const std::string& directory_;
  std::string path_;
  std::vector<FieldFinding> found_;
};

}  // namespace

bool MayEnter(const std::string& directory, std::uint32_t user, std::uint32_t group) {
  if (user == 0) return true;
  for (std::string at = directory;; at = ParentOf(at)) {
    struct stat found {};
    if (stat(at.c_str(), &found) != 0) return false;
    const mode_t bit = found.st_uid == user ? S_IXUSR : found.st_gid == group ? S_IXGRP : S_IXOTH;
    if ((found.st_mode & bit) == 0) return false;
    if (at == "/") return true;
  }
}

std::vector<FieldFinding> StartObstacles(const core::PodSpec& spec, const PodOrigin& origin, const Settings& settings,
                                         const std::string& directory) {
  return ObstacleCheck(spec, origin, settings, directory).Run();
}

}  // namespace reprieve::kubelet
