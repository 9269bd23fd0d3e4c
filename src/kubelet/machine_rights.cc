#include "kubelet/machine_rights.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "kubelet/security.h"

namespace reprieve::kubelet {
namespace {

using model::Support;

const core::Value& ContextOf(const core::Container& container) {
  return container.rest["securityContext"];
}

bool LacksDirectory(const std::string& directory) {
  return !directory.empty() && access(directory.c_str(), F_OK) != 0;
}

class RightsCheck {
 public:
  RightsCheck(const core::PodSpec& spec, const MachineRights& rights) : spec_(spec), rights_(rights) {}

  std::vector<FieldFinding> Run() {
    if (!rights_.may_change_user) CheckGroups();
    CheckAll(spec_.init_containers, "initContainers");
    CheckAll(spec_.containers, "containers");
    return std::move(found_);
  }

 private:
  // The files are the user's own, and so are the processes.
  void CheckGroups() {
    const core::Value& context = spec_.rest["securityContext"];
    if (context["fsGroup"].IsNumber()) {
      Add(Support::kWarned, "securityContext.fsGroup",
          Cat("has no effect, for ", WhoRuns(), " can't give volumes to other groups: they are its own; ",
              HowToGetThem(), " if that matters"));
    }
    if (context["supplementalGroups"].size() > 0) {
      Add(Support::kWarned, "securityContext.supplementalGroups",
          Cat("has no effect, for ", WhoRuns(), " has no other groups to give; ", HowToGetThem(), " if that matters"));
    }
  }

  void CheckAll(const std::vector<core::Container>& containers, std::string_view list) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      path_ = Cat(list, "[", i, "]");
      const core::Container& container = containers[i];
      const Security security = SecurityOf(spec_, container, rights_.user);
      if (!rights_.may_change_user) CheckUser(container, security);
      CheckNonRoot(container, security);
      CheckPrivileges(container, security);
      if (!rights_.own_mounts) CheckMounts(container, security);
    }
  }

  void CheckUser(const core::Container& container, const Security& security) {
    const struct {
      std::string_view field, noun;
      std::optional<std::uint32_t> wanted;
      std::uint32_t own;
    } ids[] = {{"runAsUser", "user", security.user, rights_.user},
               {"runAsGroup", "group", security.group, rights_.group}};
    for (const auto& id : ids) {
      if (!id.wanted || *id.wanted == id.own) continue;
      Add(Support::kRefused, WhereSet(container, id.field),
          rights_.user == 0 ? Cat("this machine lets its containers have no other ", id.noun,
                                  " than reprieve's own, 0; remove the field")
                            : Cat("only root may start processes of another ", id.noun, ", and reprieve runs as ",
                                  id.noun, " ", id.own, "; start it as root, or remove the field"));
    }
  }

  void CheckNonRoot(const core::Container& container, const Security& security) {
    const auto why = WhyRoot(security, rights_.user);
    if (!why) return;
    const std::string at = WhereSet(container, security.user ? "runAsUser" : "runAsNonRoot");
    const std::string advice = security.user ? "give another number than 0" : "set runAsUser";
    Add(Support::kWarned, at,
        Cat("keeps the container from running (", *why,
            "): it waits with CreateContainerConfigError, as on a cluster; ", advice,
            ", or set runAsNonRoot to false"));
  }

  void CheckPrivileges(const core::Container& container, const Security& security) {
    if (security.privileged && !rights_.may_change_user) {
      Add(Support::kRefused, Cat(path_, ".securityContext.privileged"),
          Cat(WhoRuns(), " has no privileges to give; ", HowToGetThem(), ", or remove the field"));
    }
    const core::Value& add = ContextOf(container)["capabilities"]["add"];
    const std::string at = Cat(path_, ".securityContext.capabilities.add");
    if (add.size() > 0 && !rights_.may_change_user) {
      Add(Support::kWarned, at,
          Cat("gives nothing, for ", WhoRuns(), " has no capabilities to give; ", HowToGetThem(),
              " if the program needs them"));
    }
    for (std::size_t i = 0; i < add.size(); ++i) {
      const std::string& name = add[i].AsText();
      if (ToLower(name) == "all" || CapabilityNumber(name)) continue;
      Add(Support::kRefused, Cat(at, "[", i, "]"),
          Cat("Linux has no capability ", Quote(name), "; name one as in NET_ADMIN, or remove it"));
    }
  }

  // A plain process sees the machine's files where they are, and nothing else.
  void CheckMounts(const core::Container& container, const Security& security) {
    if (security.read_only_root) {
      Add(Support::kRefused, Cat(path_, ".securityContext.readOnlyRootFilesystem"),
          Cat("can't be had, for ", WhyNoMounts(),
              "; run it where containers have mounts of their own, or remove the field"));
    }
    if (const std::string& directory = container.working_dir;
        LacksDirectory(directory) && spec_.init_containers.empty()) {
      Add(Support::kRefused, Cat(path_, ".workingDir"),
          Cat(directory, " does not exist on this machine and can't be made for it alone, for ", WhyNoMounts(),
              "; make it, or remove the field"));
    }
    for (std::size_t i = 0; i < container.volume_mounts.size(); ++i) {
      const core::VolumeMount& mount = container.volume_mounts[i];
      const std::string at = Cat(path_, ".volumeMounts[", i, "]");
      if (!IsInPlace(mount)) {
        Add(Support::kRefused, Cat(at, ".mountPath"),
            Cat("the volume ", mount.name, " can't be mounted, for ", WhyNoMounts(),
                "; run it where containers have mounts of their own, or use a hostPath whose path is the mountPath"));
      } else if (mount.read_only) {
        Add(Support::kWarned, Cat(at, ".readOnly"),
            Cat("is not enforced, for ", WhyNoMounts(), "; leave out the volume if the program must not write to it"));
      }
    }
  }

  // A hostPath mounted where it is needs no mount.
  bool IsInPlace(const core::VolumeMount& mount) const {
    for (const core::Volume& volume : spec_.volumes) {
      if (volume.name != mount.name || !volume.host_path) continue;
      std::string path = volume.host_path->path;
      if (!mount.sub_path.empty()) path = Cat(path, "/", mount.sub_path);
      return Clean(path) == Clean(mount.mount_path) && mount.rest["subPathExpr"].AsText().empty();
    }
    return false;
  }

  static std::string Clean(const std::string& path) {
    std::string out;
    for (const std::string_view piece : Split(path, '/')) {
      if (!piece.empty() && piece != ".") AppendTo(out, '/', piece);
    }
    return out;
  }

  // Only of who may not change the user.
  std::string_view WhoRuns() const { return rights_.user == 0 ? "root of a user namespace" : "an ordinary user"; }
  std::string_view HowToGetThem() const {
    return rights_.user == 0 ? "start reprieve where root is the machine's" : "start reprieve as root";
  }

  std::string WhyNoMounts() const { return Cat("containers are plain processes here (", rights_.why_no_mounts, ")"); }

  // The container's own word if it has one, else the pod's.
  std::string WhereSet(const core::Container& container, std::string_view field) const {
    return ContextOf(container)[field].IsNull() ? Cat("securityContext.", field)
                                                : Cat(path_, ".securityContext.", field);
  }

  // A field of the pod's once, however many containers it is for.
  void Add(Support support, std::string path, std::string reason) {
    const auto same = [&](const FieldFinding& other) { return other.path == path && other.reason == reason; };
    if (std::any_of(found_.begin(), found_.end(), same)) return;
    found_.push_back({std::move(path), support, std::move(reason)});
  }

  const core::PodSpec& spec_;
  const MachineRights& rights_;
  std::string path_;
  std::vector<FieldFinding> found_;
};

}  // namespace

bool AsksForRights(const core::PodSpec& spec) {
  if (!spec.rest["securityContext"].IsNull()) return true;
  for (const auto* containers : {&spec.init_containers, &spec.containers}) {
    for (const core::Container& container : *containers) {
      if (!container.volume_mounts.empty() || !ContextOf(container).IsNull()) return true;
      if (LacksDirectory(container.working_dir)) return true;
    }
  }
  return false;
}

std::vector<FieldFinding> BeyondRights(const core::PodSpec& spec, const MachineRights& rights) {
  return RightsCheck(spec, rights).Run();
}

}  // namespace reprieve::kubelet
