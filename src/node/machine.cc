#include "node/machine.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/saturate.h"
#include "base/text.h"
#include "kubelet/pod_phase.h"

namespace reprieve::node {

Machine::Machine(store::Store& store, const world::Clock& clock, runtime::Runtime& runtime,
                 kubelet::RuntimeInbox& inbox, std::vector<scheduler::Node> nodes, const kubelet::ImageMap& images,
                 const kubelet::Settings& settings, MachineOptions options)
    : store_(store),
      clock_(clock),
      runtime_(runtime),
      inbox_(inbox),
      prober_(runtime, inbox),
      options_(std::move(options)),
      placement_(std::move(nodes)),
      setup_(runtime, janitor_, images, settings, options_.pods, [&inbox] { inbox.Add(kubelet::AgentsReported{}); }),
      claims_(options_.pods.volumes, janitor_),
      volume_watch_([&inbox](scheduler::PodNumber pod, std::string message) {
        inbox.Add(kubelet::VolumeOverLimit{pod, std::move(message)});
      }),
      containers_(options_.max_starting) {
  OpenImages();
  store_.AddWatcher(this);
}

Machine::~Machine() {
  store_.RemoveWatcher(this);
  for (const auto& [number, record] : records_) setup_.TearDown(*record);
}

void Machine::PodChanged(const core::Pod& pod) {
  if (writing_) return;
  const auto known = by_pod_.find(&pod);
  if (known != by_pod_.end()) return Touch(*known->second);
  if (pod.IsTerminal()) return;
  if (!pod.node_name.empty() && placement_.FindNode(pod.node_name.str()) == nullptr) return;
  auto record = std::make_unique<PodRecord>();
  record->number = next_number_++;
  record->reference = world::ReferenceTo(pod);
  record->pod = &pod;
  record->spec = pod.spec;
  by_pod_.emplace(&pod, record.get());
  Touch(*record);
  records_.emplace(record->number, std::move(record));
}

void Machine::PodDeleted(const core::Pod& pod) {
  const auto known = by_pod_.find(&pod);
  if (known == by_pod_.end()) return;
  PodRecord& record = *known->second;
  by_pod_.erase(known);
  placement_.Forget(record.number);
  record.pod = nullptr;
  Touch(record);
}

void Machine::ServiceChanged(const core::Service& service) {
  setup_.ServiceChanged(service);
  TouchPodsOf(service);
}

void Machine::ServiceDeleted(const core::Service& service) {
  setup_.ServiceDeleted(service);
  TouchPodsOf(service);
}

void Machine::TouchPodsOf(const core::Service& service) {
  for (const auto& [number, record] : records_) {
    if (PodAddresses::DependsOn(*record, service)) Touch(*record);
  }
}

void Machine::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  const Status made = claims_.ClaimChanged(claim);
  if (!made.ok()) Notice(made.error().message);
}

void Machine::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  claims_.ClaimDeleted(claim);
}

void Machine::JobSetChanged(const jobset::JobSet& jobset) {
  setup_.JobSetChanged(jobset);
}

void Machine::JobSetDeleted(const jobset::JobSet& jobset) {
  setup_.JobSetDeleted(jobset);
}

void Machine::Touch(PodRecord& record) {
  if (std::exchange(record.touched, true)) return;
  touched_.push_back(record.number);
}

void Machine::Notice(const std::string& text) const {
  if (options_.notice) options_.notice(text);
}

bool Machine::HandleDue() {
  bool any = TakeMessages();
  any |= FireTimers();
  any |= ApplyDueIncidents();
  any |= EvictTainted();
  any |= GiveUpOnImages();
  if (puller_) puller_->HandleDue(clock_.Now());
  for (;;) {
    bool more = SettleTouched();
    more |= PlaceWaiting();
    if (!more) break;
    any = true;
  }
  setup_.ShowNames();
  return any;
}

std::optional<Time> Machine::NextDue() {
  if (!touched_.empty()) return clock_.Now();
  while (!timers_.empty()) {
    const auto record = records_.find(timers_.top().pod);
    if (record != records_.end() && record->second->wake == timers_.top().when) break;
    timers_.pop();
  }
  std::optional<Time> due;
  if (!timers_.empty()) due = timers_.top().when;
  if (!incidents_.empty()) due = due ? std::min(*due, incidents_.begin()->first) : incidents_.begin()->first;
  if (const auto overdue = ImagesOverdueAt()) due = due ? std::min(*due, *overdue) : *overdue;
  if (const auto unwanted = puller_ ? puller_->NextDue() : std::nullopt)
    due = due ? std::min(*due, *unwanted) : *unwanted;
  if (!tainted_.empty()) due = due ? std::min(*due, tainted_.begin()->first) : tainted_.begin()->first;
  return due;
}

void Machine::Stop(Nanoseconds grace) {
  stopping_ = true;
  tainted_.clear();
  for (const auto& [number, record] : records_) {
    if (!record->worker) continue;
    record->worker->Delete(grace, clock_.Now());
    Touch(*record);
  }
}

std::string Machine::LogPath(const meta::ObjectKey& pod, std::string_view container, std::int32_t attempt) const {
  return Cat(LogDirectory(), "/", pod.namespace_, "_", pod.name, "/", container, "/", attempt, ".log");
}

bool Machine::FireTimers() {
  bool any = false;
  const Time now = clock_.Now();
  while (!timers_.empty() && timers_.top().when <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    const auto at = records_.find(timer.pod);
    if (at == records_.end() || at->second->wake != timer.when) continue;
    at->second->wake.reset();
    Touch(*at->second);
    any = true;
  }
  return any;
}

bool Machine::SettleTouched() {
  bool any = false;
  while (!touched_.empty()) {
    any = true;
    std::swap(settling_, touched_);
    for (const scheduler::PodNumber number : settling_) {
      const auto at = records_.find(number);
      if (at == records_.end()) continue;
      at->second->touched = false;
      Settle(*at->second);
    }
    settling_.clear();
    StartPending();
  }
  return any;
}

void Machine::Settle(PodRecord& record) {
  if (!Admit(record)) return;
  const Time now = clock_.Now();
  kubelet::PodWorker& worker = *record.worker;
  if (record.pod == nullptr) {
    worker.Delete(Nanoseconds(0), now);
  } else if (!record.deletion_seen && (record.pod->metadata.deleting() || record.pod->IsTerminal())) {
    record.deletion_seen = true;
    const std::int64_t usual =
        record.spec->termination_grace_period_seconds.value_or(kubelet::PodWorker::kUsualGraceSeconds);
    worker.Delete(DurationOfSeconds(record.pod->metadata.deletion_grace_period_seconds().value_or(usual)), now);
  }
  const kubelet::PodActions actions = worker.Next(now);
  for (const kubelet::PodActions::Start& start : actions.start) {
    containers_.Enqueue({record.number, start.container, start.attempt});
  }
  for (const kubelet::PodActions::Stop& stop : actions.stop) StopContainer(record, stop);
  for (const kubelet::PodActions::Try& attempt : actions.probe) Try(record, attempt);
  for (const kubelet::PodActions::Hook& hook : actions.hook) Run(record, hook);
  if (actions.wake && actions.wake != record.wake) timers_.push({*actions.wake, record.number});
  record.wake = actions.wake;
  if (worker.revision() != record.written_revision && !record.lost) WriteStatus(record);
  setup_.Publish(record);
  if (worker.finished()) Finish(record);
}

void Machine::WriteStatus(PodRecord& record) {
  record.written_revision = record.worker->revision();
  if (record.pod == nullptr) return;
  const Time now = clock_.Now();
  writing_ = true;
  store_.UpdatePodStatus(record.reference, [&](const core::Pod&, core::PodStatus& status) {
    if (status.host_ip.empty()) {
      status.host_ip = record.host_address;
      status.pod_ip = record.address;
    }
    // A terminal phase never changes, whoever wrote it.
    const bool ended = status.phase == core::PodPhase::kSucceeded || status.phase == core::PodPhase::kFailed;
    const core::PodPhase before = status.phase;
    record.worker->WriteStatus(now, status);
    if (record.worker->finished()) NoteEnd(record, status);
    if (ended) status.phase = before;
  });
  writing_ = false;
}

void Machine::Finish(PodRecord& record) {
  --running_;
  placement_.Remove(record.number);
  volume_watch_.Forget(record.number);
  setup_.TearDown(record);
  const bool remove = record.pod != nullptr && record.pod->metadata.deleting();
  const world::PodReference reference = record.reference;
  Drop(record);
  if (!remove) return;
  writing_ = true;
  store_.RemovePod(reference);
  writing_ = false;
}

void Machine::Drop(PodRecord& record) {
  if (record.waits_for_place) placement_.Remove(record.number);
  if (puller_) puller_->Forget(record.number, clock_.Now());
  setup_.Release(record);
  if (record.pod != nullptr) by_pod_.erase(record.pod);
  records_.erase(record.number);
}

}  // namespace reprieve::node
