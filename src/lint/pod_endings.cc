#include "lint/pod_endings.h"

#include <algorithm>
#include <set>

#include "kubelet/restart.h"

namespace reprieve::lint {
namespace {

using kubelet::AfterExit;

// Beyond these, combinations of two containers' codes are left to the most telling ones.
constexpr std::size_t kMostCodesToCombine = 24;

core::PodCondition Condition(std::string_view type, std::string_view status) {
  core::PodCondition out;
  out.type = type;
  out.status = status;
  return out;
}

core::ContainerStatus Ended(const core::Container& container, std::int32_t code) {
  core::ContainerStatus out;
  out.name = container.name;
  out.state.terminated.emplace().exit_code = code;
  return out;
}

core::ContainerStatus NotStarted(const core::Container& container) {
  core::ContainerStatus out;
  out.name = container.name;
  out.state.waiting.emplace().reason = "PodInitializing";
  return out;
}

class Enumerator {
 public:
  Enumerator(const core::PodSpec& spec, const std::vector<CodeClass>& codes) : spec_(spec), codes_(codes) {
    for (const KnownCondition& known : KnownConditions()) {
      if (known.can_be_false && known.type != core::kDisruptionTargetCondition) {
        ended_.push_back(Condition(known.type, "False"));
      } else if (known.type == "Initialized" || known.type == "PodScheduled") {
        ended_.push_back(Condition(known.type, "True"));
      }
    }
  }

  std::vector<PodEnding> Run() {
    for (std::size_t i = 0; i < kubelet::ContainerCount(spec_); ++i) {
      if (!kubelet::IsSidecar(spec_, i)) Exits(i);
    }
    AddDisruptions();
    Stopped();
    RareConditions();
    return std::move(out_);
  }

 private:
  // The container fails by itself, and every other one has ended well; a sidecar that runs is stopped then, and has
  // whatever code it ends with.
  void Exits(std::size_t container) {
    const bool init = kubelet::IsInit(spec_, container);
    for (const CodeClass& code : codes_) {
      if (kubelet::JudgeExit(spec_, kubelet::ContainerAt(spec_, container), init, code.code) != AfterExit::kStay) {
        continue;
      }
      Add(EndingKind::kExit, container, code.code);
      for (std::size_t s = 0; s < spec_.init_containers.size(); ++s) {
        if (!kubelet::IsSidecar(spec_, s) || (init && s > container)) continue;
        for (const CodeClass& end : codes_) {
          if (codes_.size() > kMostCodesToCombine && end.code != kKilled && end.code != kTerminated) continue;
          Add(EndingKind::kExit, container, code.code, s, end.code);
        }
      }
    }
  }

  void AddDisruptions() {
    for (std::size_t i = 0; i < kubelet::ContainerCount(spec_); ++i) {
      for (const CodeClass& code : codes_) {
        if (kubelet::IsSidecar(spec_, i)) {
          Add(EndingKind::kDisruption, 0, 0, i, code.code);
        } else {
          Add(EndingKind::kDisruption, i, code.code);
        }
      }
    }
    // Its programs ended well in time; or its node is gone, and no container has an end.
    Add(EndingKind::kDisruption, 0, 0);
    WithoutStatuses(EndingKind::kDisruption);
  }

  // By its own deadline, a limit of storage, a user: whatever code a program ends with when it is told to stop.
  void Stopped() {
    for (std::size_t i = 0; i < kubelet::ContainerCount(spec_); ++i) {
      for (const CodeClass& code : codes_) {
        if (kubelet::IsSidecar(spec_, i)) {
          Add(EndingKind::kStopped, 0, 0, i, code.code);
        } else {
          Add(EndingKind::kStopped, i, code.code);
        }
      }
    }
    Add(EndingKind::kStopped, 0, 0);
    WithoutStatuses(EndingKind::kRejected);
  }

  // What few pods have, but can: any known condition at all, and what the pod's own readiness gates name.
  void RareConditions() {
    for (const KnownCondition& known : KnownConditions()) {
      if (known.can_be_true) AddCondition(known.type, "True");
      if (known.can_be_false) AddCondition(known.type, "False");
    }
    for (const core::Value& gate : spec_.rest["readinessGates"].items()) {
      for (const char* status : {"True", "False", "Unknown"}) AddCondition(gate["conditionType"].AsText(), status);
    }
  }

  void AddCondition(std::string_view type, std::string_view status) {
    PodEnding& ending = WithoutStatuses(EndingKind::kStopped);
    ending.pod.status.SetCondition(Condition(type, status));
    if (type == core::kDisruptionTargetCondition && status == "True") ending.kind = EndingKind::kDisruption;
  }

  PodEnding& WithoutStatuses(EndingKind kind) {
    PodEnding& ending = out_.emplace_back();
    ending.kind = kind;
    ending.pod.status.phase = core::PodPhase::kFailed;
    ending.pod.status.conditions = ended_;
    if (kind == EndingKind::kDisruption) {
      ending.pod.status.SetCondition(Condition(core::kDisruptionTargetCondition, "True"));
    }
    return ending;
  }

  // `sidecar`: of the init containers, that ends with `sidecar_code`.
  void Add(EndingKind kind, std::size_t container, std::int32_t code, std::size_t sidecar = 0,
           std::int32_t sidecar_code = 0) {
    PodEnding& ending = WithoutStatuses(kind);
    ending.container = container;
    ending.exit_code = code;
    const bool in_init = code != 0 && kubelet::IsInit(spec_, container);
    for (std::size_t i = 0; i < spec_.init_containers.size(); ++i) {
      const core::Container& each = spec_.init_containers[i];
      const bool is_sidecar = sidecar_code != 0 && i == sidecar;
      if (is_sidecar) {
        ending.sidecar = each.name;
        ending.sidecar_code = sidecar_code;
      }
      ending.pod.status.init_container_statuses.emplace_back(in_init && i > container
                                                                 ? NotStarted(each)
                                                                 : Ended(each, is_sidecar ? sidecar_code
                                                                               : in_init && i == container ? code
                                                                                                           : 0));
    }
    for (std::size_t i = 0; i < spec_.containers.size(); ++i) {
      const bool ends_so = code != 0 && i + spec_.init_containers.size() == container;
      ending.pod.status.container_statuses.emplace_back(in_init ? NotStarted(spec_.containers[i])
                                                                : Ended(spec_.containers[i], ends_so ? code : 0));
    }
  }

  const core::PodSpec& spec_;
  const std::vector<CodeClass>& codes_;
  std::vector<core::PodCondition> ended_;  // of every failed pod
  std::vector<PodEnding> out_;
};

void AddCodes(const core::Value& rules, std::set<std::int32_t>& out) {
  for (const core::Value& rule : rules.items()) {
    for (const core::Value& value : rule["exitCodes"]["values"].items()) {
      const std::int64_t code = value.AsInt();
      if (code >= 1 && code <= kGreatestExitCode) out.insert(static_cast<std::int32_t>(code));
    }
  }
}

}  // namespace

std::vector<CodeClass> CodeClasses(const batch::JobSpec& spec) {
  std::set<std::int32_t> named = {1, 2, 130, kKilled, 139, kTerminated};
  if (spec.pod_failure_policy) {
    for (const batch::PodFailurePolicyRule& rule : spec.pod_failure_policy->rules) {
      if (!rule.on_exit_codes) continue;
      for (const std::int32_t code : rule.on_exit_codes->values) {
        if (code >= 1 && code <= kGreatestExitCode) named.insert(code);
      }
    }
  }
  for (const auto* containers : {&spec.pod_template.spec->init_containers, &spec.pod_template.spec->containers}) {
    for (const core::Container& container : *containers) AddCodes(container.rest["restartPolicyRules"], named);
  }
  std::vector<CodeClass> out;
  out.reserve(named.size() + 1);
  for (const std::int32_t code : named) out.push_back({code, 1});
  for (std::int32_t code = 1; code <= kGreatestExitCode; ++code) {
    if (named.contains(code)) continue;
    out.push_back({code, kGreatestExitCode - static_cast<std::int32_t>(named.size())});
    break;
  }
  return out;
}

std::vector<PodEnding> PodEndings(const core::PodSpec& pod, const std::vector<CodeClass>& codes) {
  return Enumerator(pod, codes).Run();
}

const std::vector<KnownCondition>& KnownConditions() {
  static const std::vector<KnownCondition> known = {
      {"PodReadyToStartContainers", true, true},
      {"Initialized", true, true},
      {"Ready", false, true},
      {"ContainersReady", false, true},
      {"PodScheduled", true, true},
      {"DisruptionTarget", true, true},
      {"PodResizePending", true, false},
      {"PodResizeInProgress", true, false},
      {"AllContainersRestarting", true, true},
  };
  return known;
}

}  // namespace reprieve::lint
