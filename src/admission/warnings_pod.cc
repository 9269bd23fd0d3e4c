#include <algorithm>
#include <set>

#include "admission/warnings.h"
#include "admission/warnings_bytes.h"
#include "admission/warnings_paths.h"
#include "admission/warnings_ports.h"
#include "base/text.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

struct Note {
  std::string_view name;
  std::string_view text;
};

constexpr Note kNodeLabels[] = {
    {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
    {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
    {"failure-domain.beta.kubernetes.io/region",
     "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
    {"failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
    {"beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
};

constexpr Note kAnnotations[] = {
    {"scheduler.alpha.kubernetes.io/critical-pod",
     "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
    {"security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
    {"security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
};
constexpr std::string_view kSeccompOfPod = "seccomp.security.alpha.kubernetes.io/pod";
constexpr std::string_view kSeccompOfContainer = "container.seccomp.security.alpha.kubernetes.io/";
constexpr std::string_view kAppArmorOfContainer = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kUseSeccompField = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

constexpr Note kVolumes[] = {
    {"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
    {"gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
    {"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
    {"flocker", "deprecated in v1.22, non-functional in v1.25+"},
    {"storageos", "deprecated in v1.22, non-functional in v1.25+"},
    {"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
    {"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
    {"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
    {"rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

std::string_view NodeLabelNote(std::string_view label) {
  const auto* found = std::find_if(std::begin(kNodeLabels), std::end(kNodeLabels),
                                   [&](const Note& note) { return note.name == label; });
  return found == std::end(kNodeLabels) ? "" : found->text;
}

// Collects the warnings of one template in the API server's order.
class Collector {
 public:
  Collector(const Value& pod_template, const std::string& path, std::vector<std::string>& out)
      : meta_(pod_template["metadata"]),
        spec_(pod_template["spec"]),
        meta_path_(path.empty() ? "metadata" : path + ".metadata"),
        spec_path_(path.empty() ? "spec" : path + ".spec"),
        is_pod_(path.empty()),
        out_(out) {}

  void AppArmor() {
    EachContainer([this](const Value& container, const std::string& /*at*/) { AppArmorOfContainer(container); });
  }

  void Run() {
    NodeLabels();
    Annotations();
    Volumes();
    HostAliases();
    PullSecrets();
    FractionalBytes(spec_, spec_path_, "overhead");
    SeccompOfPod();
    EachContainer([this](const Value& container, const std::string& at) {
      SeccompOfContainer(container);
      if (!is_pod_) AppArmorOfContainer(container);
      FractionalBytes(container["resources"], at + ".resources");
      HiddenEnv(container, at);
    });
    AppendPortWarnings(spec_, spec_path_, out_);
    if (spec_["terminationGracePeriodSeconds"].AsInt() < 0) {
      Warn(spec_path_ + ".terminationGracePeriodSeconds",
           "must be >= 0; negative values are invalid and will be treated as 1");
    }
    AffinityTerms();
  }

 private:
  void Warn(std::string_view path, std::string_view text) { out_.push_back(Cat(path, ": ", text)); }

  template <class Visit>
  void EachContainer(Visit visit) {
    for (const std::string_view list : {"initContainers", "containers"}) {
      const Value& containers = spec_[list];
      for (std::size_t i = 0; i < containers.size(); ++i) visit(containers[i], Cat(spec_path_, ".", list, "[", i, "]"));
    }
  }

  void NodeLabels() {
    for (const auto& member : spec_["nodeSelector"].members()) {
      const std::string_view note = NodeLabelNote(member.key);
      if (!note.empty()) Warn(Cat(spec_path_, ".nodeSelector[", member.key, "]"), note);
    }
    const Value& terms =
        spec_["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const Value& expressions = terms[i]["matchExpressions"];
      for (std::size_t j = 0; j < expressions.size(); ++j) {
        const std::string& key = expressions[j]["key"].AsText();
        const std::string_view note = NodeLabelNote(key);
        if (note.empty()) continue;
        Warn(Cat(spec_path_, ".affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[",
                 i, "].matchExpressions[", j, "].key"),
             Cat(key, " is ", note));
      }
    }
    const Value& constraints = spec_["topologySpreadConstraints"];
    for (std::size_t i = 0; i < constraints.size(); ++i) {
      const std::string& key = constraints[i]["topologyKey"].AsText();
      const std::string_view note = NodeLabelNote(key);
      const std::string at = Cat(spec_path_, ".topologySpreadConstraints[", i, "]");
      if (!note.empty()) Warn(at + ".topologyKey", Cat(key, " is ", note));
      NullSelector(constraints[i], at);
    }
  }

  // It selects nothing; an empty one selects all.
  void NullSelector(const Value& holder, const std::string& at) {
    if (holder["labelSelector"].IsNull())
      Warn(at + ".labelSelector", "a null labelSelector results in matching no pod");
  }

  void AffinityTerms() {
    for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
      const Value& affinity = spec_["affinity"][kind];
      const std::string at = Cat(spec_path_, ".affinity.", kind);
      const Value& required = affinity["requiredDuringSchedulingIgnoredDuringExecution"];
      for (std::size_t i = 0; i < required.size(); ++i) {
        NullSelector(required[i], Cat(at, ".requiredDuringSchedulingIgnoredDuringExecution[", i, "]"));
      }
      const Value& preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"];
      for (std::size_t i = 0; i < preferred.size(); ++i) {
        NullSelector(preferred[i]["podAffinityTerm"],
                     Cat(at, ".preferredDuringSchedulingIgnoredDuringExecution[", i, "].podAffinityTerm"));
      }
    }
  }

  void Annotations() {
    for (const Note& note : kAnnotations) {
      if (Annotation(note.name) != nullptr) WarnOfAnnotation(note.name, note.text);
    }
  }

  const Value* Annotation(std::string_view name) const { return meta_["annotations"].Find(name); }
  void WarnOfAnnotation(std::string_view name, std::string_view text) {
    Warn(Cat(meta_path_, ".annotations[", name, "]"), text);
  }

  void SeccompOfPod() {
    if (!spec_["securityContext"]["seccompProfile"].IsNull() || Annotation(kSeccompOfPod) == nullptr) return;
    WarnOfAnnotation(kSeccompOfPod, kUseSeccompField);
  }

  void SeccompOfContainer(const Value& container) {
    const std::string name = Cat(kSeccompOfContainer, container["name"].AsText());
    if (!container["securityContext"]["seccompProfile"].IsNull() || Annotation(name) == nullptr) return;
    WarnOfAnnotation(name, kUseSeccompField);
  }

  // Unless a field says the same.
  void AppArmorOfContainer(const Value& container) {
    const std::string name = Cat(kAppArmorOfContainer, container["name"].AsText());
    const Value* annotation = Annotation(name);
    if (annotation == nullptr || !container["securityContext"]["appArmorProfile"].IsNull()) return;
    if (IsProfile(spec_["securityContext"]["appArmorProfile"], annotation->AsText())) return;
    WarnOfAnnotation(name, "deprecated since v1.30; use the \"appArmorProfile\" field instead");
  }

  static bool IsProfile(const Value& profile, const std::string& annotation) {
    const std::string& type = profile["type"].AsText();
    if (type == "Localhost") return annotation == Cat("localhost/", profile["localhostProfile"].AsText());
    return (type == "Unconfined" && annotation == "unconfined") ||
           (type == "RuntimeDefault" && annotation == "runtime/default");
  }

  void Volumes() {
    const Value& volumes = spec_["volumes"];
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      for (const Note& note : kVolumes) {
        if (!volumes[i][note.name].IsNull()) Warn(Cat(spec_path_, ".volumes[", i, "].", note.name), note.text);
      }
    }
    AppendPathWarnings(volumes, out_);
  }

  void HostAliases() {
    std::set<std::string> seen;
    const Value& aliases = spec_["hostAliases"];
    for (std::size_t i = 0; i < aliases.size(); ++i) {
      const std::string& ip = aliases[i]["ip"].AsText();
      if (!seen.insert(ip).second) Warn(Cat(spec_path_, ".hostAliases[", i, "].ip"), Cat("duplicate ip ", Quote(ip)));
    }
  }

  void PullSecrets() {
    std::set<std::string> seen;
    const Value& secrets = spec_["imagePullSecrets"];
    for (std::size_t i = 0; i < secrets.size(); ++i) {
      const std::string& name = secrets[i]["name"].AsText();
      const std::string at = Cat(spec_path_, ".imagePullSecrets[", i, "].name");
      if (name.empty()) {
        Warn(at, "invalid empty name \"\"");
      } else if (!seen.insert(name).second) {
        Warn(at, Cat("duplicate name ", Quote(name)));
      }
    }
  }

  void FractionalBytes(const Value& holder, const std::string& at, std::string_view only = "") {
    for (const std::string_view resource : {"memory", "ephemeral-storage"}) {
      for (const std::string_view list : {"limits", "requests"}) {
        const std::string_view member = only.empty() ? list : only;
        const Value* amount = holder[member].Find(resource);
        const auto quantity = model::Quantity::Parse(amount != nullptr ? amount->AsText() : "0");
        if (quantity.ok() && SeemsFractional(*quantity)) {
          Warn(Cat(at, ".", member, "[", resource, "]"),
               Cat("fractional byte value ", Quote((*quantity).text()), " is invalid, must be an integer"));
        }
        if (!only.empty()) break;
      }
    }
  }

  // A later definition that doesn't build on the earlier one.
  void HiddenEnv(const Value& container, const std::string& at) {
    std::set<std::string> seen;
    const Value& env = container["env"];
    for (std::size_t i = 0; i < env.size(); ++i) {
      const std::string& name = env[i]["name"].AsText();
      if (seen.insert(name).second) continue;
      const std::string reference = Cat("$(", name, ")");
      const std::string& value = env[i]["value"].AsText();
      const bool builds_on =
          env[i]["valueFrom"].IsNull() && value != reference && value.find(reference) != std::string::npos;
      if (builds_on) continue;
      Warn(Cat(at, ".env[", i, "]"),
           Cat("hides previous definition of ", Quote(name), ", which may be dropped when using apply"));
    }
  }

  const Value& meta_;
  const Value& spec_;
  std::string meta_path_;
  std::string spec_path_;
  bool is_pod_;
  std::vector<std::string>& out_;
};

}  // namespace

void AppendPodTemplateWarnings(const Value& pod_template, const std::string& path, std::vector<std::string>& out) {
  Collector(pod_template, path, out).Run();
}

void AppendAppArmorWarnings(const Value& pod, std::vector<std::string>& out) {
  Collector(pod, "", out).AppArmor();
}

}  // namespace reprieve::admission
