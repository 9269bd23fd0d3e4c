#include "sim/container_changes.h"

#include <algorithm>
#include <vector>

namespace reprieve::sim {
namespace {

void SetReady(core::PodStatus& status, bool ready, SharedString reason, Time now) {
  std::vector<core::PodCondition>& conditions = status.conditions.Edit();
  auto condition = std::find_if(conditions.begin(), conditions.end(),
                                [](const core::PodCondition& c) { return c.type == core::kReadyCondition; });
  if (condition == conditions.end()) {
    condition = conditions.insert(condition, core::PodCondition());
    condition->type = "Ready"_shared;
  }
  condition->status = ready ? "True"_shared : "False"_shared;
  condition->reason = std::move(reason);
  condition->last_transition_time = TruncateToSeconds(now);
}

}  // namespace

void StartContainers(const core::Pod& pod, Time now, core::PodStatus& status) {
  status.phase = core::PodPhase::kRunning;
  status.start_time = TruncateToSeconds(now);
  std::vector<core::ContainerStatus> statuses;
  statuses.reserve(pod.spec->containers.size());
  for (const core::Container& container : pod.spec->containers) {
    core::ContainerStatus& started = statuses.emplace_back();
    started.name = container.name;
    started.image = container.image;
    started.ready = true;
    started.started = true;
    started.state.running.emplace().started_at = TruncateToSeconds(now);
  }
  status.container_statuses = std::move(statuses);
  SetReady(status, true, {}, now);
}

void EndContainers(const core::Pod& pod, std::int32_t exit_code, Time now, core::PodStatus& status) {
  if (status.container_statuses.empty()) StartContainers(pod, now, status);
  status.phase = exit_code == 0 ? core::PodPhase::kSucceeded : core::PodPhase::kFailed;
  for (core::ContainerStatus& container : status.container_statuses.Edit()) {
    core::ContainerStateTerminated ended;
    ended.exit_code = exit_code;
    ended.reason = exit_code == 0 ? "Completed"_shared : "Error"_shared;
    if (container.state.running) ended.started_at = container.state.running->started_at;
    ended.finished_at = TruncateToSeconds(now);
    container.state = {};
    container.state.terminated = std::move(ended);
    container.ready = false;
    container.started = false;
  }
  SetReady(status, false, exit_code == 0 ? "PodCompleted"_shared : "PodFailed"_shared, now);
}

void ContainerChanges::Start(const core::Pod& pod, Time now, core::PodStatus& status) {
  if (Repeat(start_, pod, 0, now, status)) return;
  start_ = {pod.spec, 0, now, status, {}};
  StartContainers(pod, now, status);
  start_.after = status;
}

void ContainerChanges::End(const core::Pod& pod, std::int32_t exit_code, Time now, core::PodStatus& status) {
  if (Repeat(end_, pod, exit_code, now, status)) return;
  end_ = {pod.spec, exit_code, now, status, {}};
  EndContainers(pod, exit_code, now, status);
  end_.after = status;
}

bool ContainerChanges::Repeat(const Change& change, const core::Pod& pod, std::int32_t exit_code, Time now,
                              core::PodStatus& status) {
  const bool alike = change.at == now && change.exit_code == exit_code && change.spec == pod.spec &&
                     status.conditions.SharesWith(change.before.conditions) &&
                     status.container_statuses.SharesWith(change.before.container_statuses) &&
                     status.start_time == change.before.start_time;
  if (!alike) return false;
  // All that a start or an end touches.
  status.phase = change.after.phase;
  status.start_time = change.after.start_time;
  status.conditions = change.after.conditions;
  status.container_statuses = change.after.container_statuses;
  return true;
}

}  // namespace reprieve::sim
