#include "kubelet/pod_phase.h"

#include "base/text.h"
#include "kubelet/restart.h"

namespace reprieve::kubelet {
namespace {

using core::ContainerStatus;
using core::PodPhase;

struct Counts {
  int unknown = 0, running = 0, waiting = 0, stopped = 0, succeeded = 0;
  int init_pending = 0;
  bool init_failed = false;
  bool regular_ever_started = false;
};

const ContainerStatus* StatusOf(const SharedVector<ContainerStatus>& statuses, std::size_t index,
                                std::string_view name) {
  if (index < statuses.size() && statuses[index].name == name) return &statuses[index];
  for (const ContainerStatus& status : statuses) {
    if (status.name == name) return &status;
  }
  return nullptr;
}

bool IsWaiting(const core::ContainerState& state) {
  return !state.running && !state.terminated;
}

// A failure after which neither the container's nor the pod's policy restarts it.
bool FailsForGood(const core::PodSpec& spec, const core::Container& container, std::int32_t exit_code) {
  return exit_code != 0 && JudgeExit(spec, container, true, exit_code) == AfterExit::kStay;
}

void CountInit(const core::PodSpec& spec, const core::Container& container, const ContainerStatus* status,
               Counts& counts) {
  if (status == nullptr || status->state.running) {
    ++counts.init_pending;
  } else if (status->state.terminated) {
    counts.init_failed |= FailsForGood(spec, container, status->state.terminated->exit_code);
  } else if (status->LastTermination() == nullptr) {
    ++counts.init_pending;
  } else {
    counts.init_failed |= FailsForGood(spec, container, status->LastTermination()->exit_code);
  }
}

void CountSidecar(const ContainerStatus* status, Counts& counts) {
  if (status == nullptr) {
    ++counts.unknown;
  } else if (status->state.running) {
    ++counts.running;
    if (!status->started.value_or(false)) ++counts.init_pending;
  } else if (IsWaiting(status->state) && status->LastTermination() == nullptr) {
    ++counts.init_pending;
    ++counts.waiting;
  }
}

void CountRegular(const ContainerStatus* status, Counts& counts) {
  if (status == nullptr) {
    ++counts.unknown;
    return;
  }
  counts.regular_ever_started |= !IsWaiting(status->state) || status->LastTermination() != nullptr;
  if (status->state.running) {
    ++counts.running;
  } else if (status->state.terminated) {
    ++counts.stopped;
    if (status->state.terminated->exit_code == 0) ++counts.succeeded;
  } else if (status->LastTermination() != nullptr) {
    ++counts.stopped;
  } else {
    ++counts.waiting;
  }
}

Counts Count(const core::PodSpec& spec, const core::PodStatus& status) {
  Counts counts;
  for (std::size_t i = 0; i < spec.init_containers.size(); ++i) {
    const core::Container& container = spec.init_containers[i];
    const ContainerStatus* of = StatusOf(status.init_container_statuses, i, container.name);
    if (container.IsSidecar()) {
      CountSidecar(of, counts);
    } else {
      CountInit(spec, container, of, counts);
    }
  }
  for (std::size_t i = 0; i < spec.containers.size(); ++i) {
    CountRegular(StatusOf(status.container_statuses, i, spec.containers[i].name), counts);
  }
  return counts;
}

void Add(std::string& list, std::string_view name) {
  if (!list.empty()) list.push_back(' ');
  list.append(name);
}

bool IsComplete(const core::Container& container, const ContainerStatus* status) {
  if (status == nullptr) return false;
  if (container.IsSidecar()) return status->started.value_or(false) || status->state.terminated;
  return status->state.terminated && status->state.terminated->exit_code == 0;
}

void SetInitialized(const core::PodSpec& spec, Time now, core::PodStatus& status) {
  if (status.phase == PodPhase::kSucceeded) return SetCondition("Initialized", true, "PodCompleted", "", now, status);
  std::string incomplete;
  if (!Count(spec, status).regular_ever_started) {
    for (std::size_t i = 0; i < spec.init_containers.size(); ++i) {
      const core::Container& container = spec.init_containers[i];
      if (!IsComplete(container, StatusOf(status.init_container_statuses, i, container.name))) {
        Add(incomplete, container.name);
      }
    }
  }
  if (incomplete.empty()) return SetCondition("Initialized", true, "", "", now, status);
  SetCondition("Initialized", false, "ContainersNotInitialized",
               Cat("containers with incomplete status: [", incomplete, "]"), now, status);
}

// Readiness gates that keep the pod from being ready; empty: none.
std::string ClosedGates(const core::PodSpec& spec, const core::PodStatus& status) {
  std::string out;
  for (const core::Value& gate : spec.rest["readinessGates"].items()) {
    const std::string& type = gate["conditionType"].AsText();
    const core::PodCondition* condition = status.FindCondition(type);
    if (condition != nullptr && condition->status == "True") continue;
    if (!out.empty()) out += ", ";
    out += condition == nullptr
               ? Cat("corresponding condition of pod readiness gate ", Quote(type), " does not exist.")
               : Cat("the status of pod readiness gate ", Quote(type), " is not \"True\", but ", condition->status);
  }
  return out;
}

void SetReady(std::string_view type, const core::PodSpec& spec, Time now, core::PodStatus& status) {
  if (status.phase == PodPhase::kSucceeded) return SetCondition(type, false, "PodCompleted", "", now, status);
  if (status.phase == PodPhase::kFailed) return SetCondition(type, false, "PodFailed", "", now, status);
  std::string unready;
  for (std::size_t i = 0; i < spec.init_containers.size(); ++i) {
    const core::Container& container = spec.init_containers[i];
    const ContainerStatus* of = StatusOf(status.init_container_statuses, i, container.name);
    if (container.IsSidecar() && (of == nullptr || !of->ready)) Add(unready, container.name);
  }
  for (std::size_t i = 0; i < spec.containers.size(); ++i) {
    const ContainerStatus* of = StatusOf(status.container_statuses, i, spec.containers[i].name);
    if (of == nullptr || !of->ready) Add(unready, spec.containers[i].name);
  }
  if (unready.empty()) {
    const std::string gates = type == core::kReadyCondition ? ClosedGates(spec, status) : std::string();
    return SetCondition(type, gates.empty(), gates.empty() ? "" : "ReadinessGatesNotReady", gates, now, status);
  }
  SetCondition(type, false, "ContainersNotReady", Cat("containers with unready status: [", unready, "]"), now, status);
}

}  // namespace

core::PodPhase PhaseOf(const core::PodSpec& spec, const core::PodStatus& status, bool ended) {
  const Counts counts = Count(spec, status);
  if (counts.init_failed) return PodPhase::kFailed;
  if (counts.init_pending > 0 && !counts.regular_ever_started) return PodPhase::kPending;
  if (counts.waiting > 0) return PodPhase::kPending;
  if (counts.running > 0 && counts.unknown == 0) return PodPhase::kRunning;
  if (counts.running == 0 && counts.stopped > 0 && counts.unknown == 0) {
    const bool all_succeeded = counts.stopped == counts.succeeded;
    if (ended) return all_succeeded ? PodPhase::kSucceeded : PodPhase::kFailed;
    if (spec.restart_policy == core::RestartPolicy::kAlways) return PodPhase::kRunning;
    if (all_succeeded) return PodPhase::kSucceeded;
    return spec.restart_policy == core::RestartPolicy::kNever ? PodPhase::kFailed : PodPhase::kRunning;
  }
  return PodPhase::kPending;
}

void SetConditions(const core::PodSpec& spec, Time now, core::PodStatus& status) {
  SetInitialized(spec, now, status);
  SetReady("ContainersReady", spec, now, status);
  SetReady(core::kReadyCondition, spec, now, status);
}

void SetCondition(std::string_view type, bool holds, std::string_view reason, std::string_view message, Time now,
                  core::PodStatus& status) {
  const std::string_view value = holds ? "True" : "False";
  for (core::PodCondition& condition : status.conditions.Edit()) {
    if (condition.type != type) continue;
    if (condition.status != value) {
      condition.status = value;
      condition.last_transition_time = TruncateToSeconds(now);
    }
    condition.reason = reason;
    condition.message = message;
    return;
  }
  core::PodCondition& added = status.conditions.emplace_back();
  added.type = type;
  added.status = value;
  added.reason = reason;
  added.message = message;
  added.last_transition_time = TruncateToSeconds(now);
}

}  // namespace reprieve::kubelet
