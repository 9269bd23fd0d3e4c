#include "sim/cluster.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/saturate.h"
#include "kubelet/pod_phase.h"
#include "store/pod_ends.h"

namespace reprieve::sim {
namespace {

constexpr std::int32_t kKilled = 137;  // 128 and SIGKILL

std::string_view ReasonOf(std::int32_t exit_code) {
  return exit_code == 0 ? "Completed" : "Error";
}

}  // namespace

Cluster::Cluster(Simulation& simulation, ClusterOptions options)
    : simulation_(simulation),
      options_(std::move(options)),
      placement_(options_.nodes),
      on_node_(options_.nodes.size()),
      lost_(options_.nodes.size()),
      taintings_(options_.nodes.size()) {
  REPRIEVE_CHECK(options_.work != nullptr, "somebody says what containers do");
  for (std::size_t i = 0; i < options_.nodes.size(); ++i) {
    simulation_.store().SetNode(options_.nodes[i].name, options_.nodes[i].labels);
    node_numbers_.emplace(options_.nodes[i].name, i);
  }
  simulation_.store().AddWatcher(this);
}

Cluster::~Cluster() {
  simulation_.store().RemoveWatcher(this);
}

void Cluster::PodChanged(const core::Pod& pod) {
  if (writing_) return;
  const auto known = by_pod_.find(&pod);
  if (known != by_pod_.end()) return Touch(*known->second);
  if (pod.IsTerminal()) return;
  auto record = std::make_unique<Record>();
  record->number = next_number_++;
  record->reference = world::ReferenceTo(pod);
  record->pod = &pod;
  record->spec = pod.spec;
  by_pod_.emplace(&pod, record.get());
  MarkAtBirth(*record);
  Touch(*record);
  records_.emplace(record->number, std::move(record));
}

void Cluster::PodDeleted(const core::Pod& pod) {
  const auto known = by_pod_.find(&pod);
  if (known == by_pod_.end()) return;
  Record& record = *known->second;
  by_pod_.erase(known);
  placement_.Forget(record.number);
  record.pod = nullptr;
  Touch(record);
}

void Cluster::Touch(Record& record) {
  if (std::exchange(record.touched, true)) return;
  touched_.push_back(record.number);
  SettleSoon();
}

void Cluster::SettleSoon() {
  if (std::exchange(settle_noted_, true)) return;
  simulation_.After(Nanoseconds(0), [this] { SettleTouched(); });
}

void Cluster::SettleTouched() {
  settle_noted_ = true;  // what is touched meanwhile is settled here
  do {
    std::swap(settling_, touched_);
    for (const scheduler::PodNumber number : settling_) {
      Record* record = Find(number);
      if (record == nullptr) continue;
      record->touched = false;
      Settle(*record);
    }
    settling_.clear();
    PlaceWaiting();
  } while (!touched_.empty());
  settle_noted_ = false;
}

Cluster::Record* Cluster::Find(scheduler::PodNumber number) {
  const auto at = records_.find(number);
  return at == records_.end() ? nullptr : at->second.get();
}

void Cluster::Settle(Record& record) {
  if (!Admit(record)) return;
  const Time now = simulation_.Now();
  kubelet::PodWorker& worker = *record.worker;
  if (record.pod == nullptr) {
    // Removed by force: its processes end, if there still are any, and nobody is told.
    worker.Delete(Nanoseconds(0), now);
  } else if (record.silent) {
    // Its kubelet hears of nothing.
  } else if (!record.deletion_seen && (record.pod->metadata.deleting() || record.pod->IsTerminal())) {
    record.deletion_seen = true;
    const std::int64_t usual =
        record.spec->termination_grace_period_seconds.value_or(kubelet::PodWorker::kUsualGraceSeconds);
    worker.Delete(DurationOfSeconds(record.pod->metadata.deletion_grace_period_seconds().value_or(usual)), now);
  }
  Do(record, worker.Next(now));
  if (worker.revision() != record.written_revision && !record.silent) WriteStatus(record);
  if (worker.finished() && (!record.silent || record.pod == nullptr)) Finish(record);
}

// False: the pod is not on a node, yet or ever.
bool Cluster::Admit(Record& record) {
  if (record.worker) return true;
  if (record.pod == nullptr) {
    Drop(record);
    return false;
  }
  const core::Pod& pod = *record.pod;
  if (pod.metadata.deleting() || pod.IsTerminal()) {
    // It has never run: the pod garbage collector sees to it (spec/job.md 4.6).
    Drop(record);
    writing_ = true;
    store::CollectUnboundPod(simulation_.store(), pod);
    writing_ = false;
    return false;
  }
  if (!pod.node_name.empty()) {
    const auto node = NodeNumber(pod.node_name.str());
    if (!node) {
      Drop(record);
      return false;
    }
    if (std::exchange(record.waits_for_place, false)) placement_.Remove(record.number);
    placement_.Take(record.number, pod, placement_.nodes()[*node]);
    SettleOnNode(record, *node);
    return true;
  }
  if (record.kept_pending) return false;
  if (!std::exchange(record.waits_for_place, true)) placement_.Add(record.number, pod);
  return false;
}

void Cluster::PlaceWaiting() {
  while (const auto placed = placement_.PlaceNext()) {
    Record& record = *records_.at(placed->pod);
    record.waits_for_place = false;
    writing_ = true;
    const world::WriteResult bound = simulation_.store().BindPod(record.reference, placed->node->name);
    writing_ = false;
    if (!bound.ok()) {
      placement_.Remove(placed->pod);
      if (record.pod == nullptr) {
        Drop(record);
      } else {
        Touch(record);
      }
      continue;
    }
    SettleOnNode(record, static_cast<std::size_t>(placed->node - placement_.nodes().data()));
  }
  for (const scheduler::Placement::Refused& refused : placement_.TakeRefused()) {
    const Record* record = Find(refused.pod);
    if (record == nullptr || !record->waits_for_place) continue;
    writing_ = true;
    simulation_.store().UpdatePodStatus(record->reference, [&](const core::Pod&, core::PodStatus& status) {
      kubelet::SetCondition("PodScheduled", false, "Unschedulable", refused.message, simulation_.Now(), status);
    });
    writing_ = false;
  }
}

void Cluster::SettleOnNode(Record& record, std::size_t node) {
  record.node = node;
  record.may_start = simulation_.Now() + options_.start_after;
  record.silent = lost_[node].loss != 0;
  record.dead = lost_[node].machine;
  record.containers.assign(kubelet::ContainerCount(*record.spec), {});
  record.worker.emplace(kubelet::PodWorker::Identity{record.reference.namespace_.str(), record.reference.name.str(),
                                                     record.reference.uid.str()},
                        record.spec, simulation_.Now());
  on_node_[node].insert(record.number);
  ++running_;
  if (record.refusal) return Refuse(record);
  Touch(record);
}

void Cluster::Do(Record& record, const kubelet::PodActions& actions) {
  for (const kubelet::PodActions::Start& start : actions.start) Start(record, start);
  for (const kubelet::PodActions::Stop& stop : actions.stop) StopContainer(record, stop);
  for (const kubelet::PodActions::Try& attempt : actions.probe) {
    record.worker->Probed(attempt, kubelet::ProbeOutcome::kSuccess, {}, simulation_.Now());
    Touch(record);
  }
  for (const kubelet::PodActions::Hook& hook : actions.hook) {
    record.worker->Hooked(hook, {}, simulation_.Now());
    Touch(record);
  }
  if (actions.wake && actions.wake != record.wake) {
    simulation_.After(*actions.wake - simulation_.Now(), [this, number = record.number] {
      Record* due = Find(number);
      if (due == nullptr || due->wake != simulation_.Now()) return;
      due->wake.reset();
      Touch(*due);
    });
  }
  record.wake = actions.wake;
}

void Cluster::Start(Record& record, const kubelet::PodActions::Start& start) {
  if (record.never_starts || record.pod == nullptr) return;
  // A machine that is off starts nothing; should it come back, its kubelet tries again.
  if (record.dead) return record.worker->StartCancelled(start.container);
  Container& container = record.containers[start.container];
  container.run = next_run_++;
  container.does = options_.work(*record.pod, kubelet::ContainerAt(*record.spec, start.container), start.attempt);
  const Nanoseconds wait = std::max(record.may_start - simulation_.Now(), Nanoseconds(0));
  simulation_.After(wait, [this, number = record.number, index = start.container, run = container.run] {
    Started(number, index, run);
  });
}

void Cluster::Started(scheduler::PodNumber number, std::size_t index, std::uint64_t run) {
  Record* record = Find(number);
  if (record == nullptr || record->containers[index].run != run) return;
  Container& container = record->containers[index];
  container.running = true;
  container.started_at = simulation_.Now();
  record->worker->Started(index, simulation_.Now());
  if (container.does.runs) {
    simulation_.After(*container.does.runs, [this, number, index, run] {
      Record* done = Find(number);
      if (done == nullptr || done->hangs || done->containers[index].run != run) return;
      const std::int32_t code = done->containers[index].does.exit_code;
      End(*done, index, code, ReasonOf(code));
    });
  }
  Touch(*record);
}

void Cluster::End(Record& record, std::size_t index, std::int32_t exit_code, std::string_view reason) {
  Container& container = record.containers[index];
  const bool ran = std::exchange(container.running, false);
  container.run = 0;
  const Time now = simulation_.Now();
  record.worker->Exited(index,
                        {exit_code, std::string(reason), std::exchange(container.does.message, {}),
                         ran ? container.started_at : now, now},
                        now);
  Touch(record);
}

void Cluster::EndWork(const std::function<bool(const core::Pod&)>& belongs) {
  std::vector<scheduler::PodNumber> ending;
  for (const auto& [number, record] : records_) {
    if (record->pod != nullptr && record->worker && belongs(*record->pod)) ending.push_back(number);
  }
  std::sort(ending.begin(), ending.end());
  for (const scheduler::PodNumber number : ending) {
    Record& record = *Find(number);
    for (std::size_t i = record.spec->init_containers.size(); i < record.containers.size(); ++i) {
      if (record.containers[i].running) End(record, i, 0, ReasonOf(0));
    }
  }
}

const core::Pod* Cluster::FirstRunningOn(const std::string& node) {
  const auto number = NodeNumber(node);
  if (!number) return nullptr;
  for (const Record* record : PodsOn(*number)) {
    const auto runs = [](const Container& container) { return container.running; };
    if (!record->dead && std::any_of(record->containers.begin(), record->containers.end(), runs)) return record->pod;
  }
  return nullptr;
}

void Cluster::StopContainer(Record& record, const kubelet::PodActions::Stop& stop) {
  Container& container = record.containers[stop.container];
  if (!container.running) {
    container.run = 0;
    record.worker->StartCancelled(stop.container);
    return Touch(record);
  }
  const auto& on_term = container.does.on_term;
  const bool by_itself = on_term && on_term->after <= stop.grace && stop.grace > Nanoseconds(0);
  const std::int32_t code = by_itself ? on_term->exit_code : kKilled;
  simulation_.After(by_itself ? on_term->after : stop.grace,
                    [this, number = record.number, index = stop.container, run = container.run, code] {
                      Record* ended = Find(number);
                      if (ended == nullptr || ended->containers[index].run != run) return;
                      End(*ended, index, code, ReasonOf(code));
                    });
}

void Cluster::WriteStatus(Record& record) {
  record.written_revision = record.worker->revision();
  if (record.pod == nullptr) return;
  const Time now = simulation_.Now();
  writing_ = true;
  simulation_.store().UpdatePodStatus(record.reference, [&](const core::Pod&, core::PodStatus& status) {
    // A terminal phase never changes, whoever wrote it.
    const bool ended = status.phase == core::PodPhase::kSucceeded || status.phase == core::PodPhase::kFailed;
    const core::PodPhase before = status.phase;
    record.worker->WriteStatus(now, status);
    if (record.worker->finished()) NoteEnd(record, status);
    if (ended) status.phase = before;
  });
  writing_ = false;
}

// Reason, message and condition come with the end, in one write.
void Cluster::NoteEnd(const Record& record, core::PodStatus& status) const {
  if (!record.ended_by || status.phase != core::PodPhase::kFailed) return;
  const world::DisruptionTarget end = world::PodEndOf(*record.ended_by);
  status.reason = end.reason;
  status.message = end.message;
  const world::DisruptionTarget condition = world::DisruptionTargetOf(*record.ended_by);
  if (condition.reason.empty()) return;
  kubelet::SetCondition(core::kDisruptionTargetCondition, true, condition.reason, condition.message, simulation_.Now(),
                        status);
}

void Cluster::Finish(Record& record) {
  const bool remove = record.pod != nullptr && record.pod->metadata.deleting();
  const world::PodReference reference = record.reference;
  Drop(record);
  if (!remove) return;
  writing_ = true;
  simulation_.store().RemovePod(reference);
  writing_ = false;
}

void Cluster::Drop(Record& record) {
  if (record.worker) {
    --running_;
    on_node_[record.node].erase(record.number);
  }
  if (record.worker || record.waits_for_place) placement_.Remove(record.number);
  if (record.pod != nullptr) by_pod_.erase(record.pod);
  records_.erase(record.number);
}

}  // namespace reprieve::sim
