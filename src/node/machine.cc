#include "node/machine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/saturate.h"
#include "base/text.h"
#include "kubelet/pod_phase.h"
#include "node/pod_record.h"

namespace reprieve::node {
namespace {

std::uint64_t NumberOf(runtime::ContainerId id) {
  return static_cast<std::uint64_t>(id);
}

kubelet::PodNames::ClaimBlock BlocksOf(runtime::PodNetwork* network) {
  if (network == nullptr) return runtime::AddressBlock::Claim;
  return [network] { return network->ClaimBlock(); };
}

}  // namespace

Machine::Machine(store::Store& store, const world::Clock& clock, runtime::Runtime& runtime,
                 kubelet::RuntimeInbox& inbox, std::vector<scheduler::Node> nodes, const kubelet::ImageMap& images,
                 const kubelet::Settings& settings, MachineOptions options)
    : store_(store),
      clock_(clock),
      runtime_(runtime),
      inbox_(inbox),
      prober_(runtime, inbox),
      images_(images),
      settings_(settings),
      options_(std::move(options)),
      placement_(std::move(nodes)),
      names_(options_.names_directory, BlocksOf(options_.network)),
      agents_(options_.agents_directory, [this] { inbox_.Add(kubelet::AgentsReported{}); }) {
  store_.AddWatcher(this);
}

Machine::~Machine() {
  store_.RemoveWatcher(this);
  for (const auto& [number, record] : records_) {
    if (record->sandbox) runtime_.RemovePodSandbox(*record->sandbox);
    if (!record->volumes) continue;
    for (const std::string& directory : record->volumes->directories()) janitor_.Remove(directory);
  }
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
  services_[meta::KeyOf(service.metadata)] = &service;
  TouchPodsOf(service);
}

void Machine::ServiceDeleted(const core::Service& service) {
  services_.erase(meta::KeyOf(service.metadata));
  TouchPodsOf(service);
}

void Machine::TouchPodsOf(const core::Service& service) {
  for (const auto& [number, record] : records_) {
    const auto& name = record->name;
    if (name && name->namespace_ == service.metadata.namespace_ && name->subdomain == service.metadata.name) {
      Touch(*record);
    }
  }
}

// A claim's folder stays when the run is over: what pods keep there is what they begin with next time. One that goes
// with its JobSet begins empty: what is there is of a JobSet that the run before has taken with it.
void Machine::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  const bool fresh = claims_.insert(claim.metadata.uid).second;
  if (fresh && claim.metadata.Controller() != nullptr) RetireClaimFolder(claim);
  const Status made = kubelet::MakeClaimFolder(options_.volumes, meta::KeyOf(claim.metadata));
  if (!made.ok() && options_.notice) {
    options_.notice(Cat("PersistentVolumeClaim ", claim.metadata.name, ": ", made.error().message));
  }
}

void Machine::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  claims_.erase(claim.metadata.uid);
  RetireClaimFolder(claim);
}

// Out of the way at once, since a claim of the same name may come next; removed when there is time.
void Machine::RetireClaimFolder(const core::PersistentVolumeClaim& claim) {
  if (auto retired = kubelet::RetiredClaimFolder(options_.volumes, meta::KeyOf(claim.metadata), claim.metadata.uid)) {
    janitor_.Remove(std::move(*retired));
  }
}

void Machine::Touch(PodRecord& record) {
  if (std::exchange(record.touched, true)) return;
  touched_.push_back(record.number);
}

bool Machine::HandleDue() {
  bool any = TakeMessages();
  any |= FireTimers();
  any |= ApplyDueIncidents();
  for (;;) {
    bool more = SettleTouched();
    more |= PlaceWaiting();
    if (!more) break;
    any = true;
  }
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
  return due;
}

void Machine::Stop(Nanoseconds grace) {
  stopping_ = true;
  for (const auto& [number, record] : records_) {
    if (!record->worker) continue;
    record->worker->Delete(grace, clock_.Now());
    Touch(*record);
  }
}

std::string Machine::LogPath(const meta::ObjectKey& pod, std::string_view container, std::int32_t attempt) const {
  return Cat(LogDirectory(), "/", pod.namespace_, "_", pod.name, "/", container, "/", attempt, ".log");
}

// What the runtime says.

bool Machine::TakeMessages() {
  inbox_.Take(messages_);
  for (kubelet::RuntimeMessage& message : messages_) {
    std::visit([this](auto& m) { Handle(m); }, message);
  }
  StartPending();
  return !messages_.empty();
}

void Machine::Handle(const runtime::ContainerStarted& started) {
  const auto at = containers_.find(NumberOf(started.container));
  if (at == containers_.end()) return;
  at->second.started = true;
  --starting_;
  PodRecord& record = *at->second.record;
  record.worker->Started(at->second.container, started.started_at);
  Touch(record);
}

void Machine::Handle(runtime::ContainerExit& exit) {
  const auto at = containers_.find(NumberOf(exit.container));
  if (at == containers_.end()) return;
  const RunningContainer ended = at->second;
  containers_.erase(at);
  if (!ended.started) --starting_;
  PodRecord& record = *ended.record;
  record.containers[ended.container] = kNoContainer;
  if (ended.injected_end) {
    exit.exit_code = ended.injected_end->exit_code;
    exit.reason = ended.injected_end->reason;
  }
  record.worker->Exited(ended.container,
                        {exit.exit_code, std::string(runtime::ExitReasonName(exit.reason)), std::move(exit.message),
                         exit.started_at, exit.finished_at},
                        clock_.Now());
  Touch(record);
}

void Machine::Handle(const kubelet::OutputLine& line) {
  const auto at = containers_.find(NumberOf(line.container));
  if (at == containers_.end() || !options_.output) return;
  const PodRecord& record = *at->second.record;
  options_.output(
      {record.reference, kubelet::ContainerAt(*record.spec, at->second.container).name, line.stream, line.text});
}

void Machine::Handle(const kubelet::RuntimeNotice& notice) {
  if (options_.notice) options_.notice(notice.text);
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

// Places.

bool Machine::PlaceWaiting() {
  bool any = false;
  while (!stopping_) {
    const auto placed = placement_.PlaceNext();
    if (!placed) break;
    any = true;
    PodRecord& record = *records_.at(placed->pod);
    record.waits_for_place = false;
    writing_ = true;
    const world::WriteResult bound = store_.BindPod(record.reference, placed->node->name);
    writing_ = false;
    if (!bound.ok()) {
      // It is gone, or somebody else has bound it; what the store reports about it decides.
      placement_.Remove(placed->pod);
      if (record.pod == nullptr) {
        Drop(record);
      } else {
        Touch(record);
      }
      continue;
    }
    SettleOnNode(record, *placed->node, placed->gpus);
  }
  TellRefused();
  return any;
}

void Machine::TellRefused() {
  const Time now = clock_.Now();
  for (const scheduler::Placement::Refused& refused : placement_.TakeRefused()) {
    const auto at = records_.find(refused.pod);
    if (at == records_.end() || !at->second->waits_for_place) continue;
    writing_ = true;
    store_.UpdatePodStatus(at->second->reference, [&](const core::Pod&, core::PodStatus& status) {
      kubelet::SetCondition("PodScheduled", false, "Unschedulable", refused.message, now, status);
    });
    writing_ = false;
  }
}

bool Machine::Admit(PodRecord& record) {
  if (record.worker) return true;
  if (record.pod == nullptr) {
    Drop(record);
    return false;
  }
  const core::Pod& pod = *record.pod;
  if (pod.metadata.deleting() || pod.IsTerminal()) {
    // Nothing of it has run: a control plane's garbage collector for pods does this (spec/job.md 4.6).
    const bool failed_already = pod.IsTerminal();
    const bool deleting = pod.metadata.deleting();
    const world::PodReference reference = record.reference;
    Drop(record);
    writing_ = true;
    if (!failed_already) {
      store_.UpdatePodStatus(reference,
                             [](const core::Pod&, core::PodStatus& status) { status.phase = core::PodPhase::kFailed; });
    }
    if (deleting) store_.RemovePod(reference);
    writing_ = false;
    return false;
  }
  if (stopping_) return false;
  if (!pod.node_name.empty()) {
    const scheduler::Node* node = placement_.FindNode(pod.node_name.str());
    if (node == nullptr) {
      Drop(record);
      return false;
    }
    if (std::exchange(record.waits_for_place, false)) placement_.Remove(record.number);
    SettleOnNode(record, *node, placement_.Take(record.number, pod, *node));
    return true;
  }
  if (!std::exchange(record.waits_for_place, true)) placement_.Add(record.number, pod);
  return false;
}

void Machine::SettleOnNode(PodRecord& record, const scheduler::Node& node, std::vector<int> gpus) {
  record.node = &node;
  record.gpus = std::move(gpus);
  record.hostname = kubelet::HostnameOf(*record.pod);
  GiveAddress(record);
  record.containers.assign(kubelet::ContainerCount(*record.spec), kNoContainer);
  record.worker.emplace(kubelet::PodWorker::Identity{record.reference.namespace_.str(), record.reference.name.str(),
                                                     record.reference.uid.str()},
                        record.spec, clock_.Now(), options_.restart_backoff);
  ++running_;
  Touch(record);
}

void Machine::GiveAddress(PodRecord& record) {
  if (!record.pod->hostname.empty() && !record.spec->subdomain.empty()) {
    record.name =
        kubelet::PodNames::Name{record.reference.namespace_.str(), record.spec->subdomain, record.pod->hostname.str()};
  }
  runtime::PodNetwork* network = options_.network;
  const bool joins = record.name || !options_.only_names_on_network;
  record.on_network = network != nullptr && joins && !record.spec->rest["hostNetwork"].AsBool();
  if (record.on_network) {
    record.host_address = network->machine_address();
    record.address = record.name ? names_.AddressOf(*record.name) : names_.TakeAddress();
  } else if (record.name && network != nullptr) {
    record.host_address = network->machine_address();
    record.address = names_.AddressOf(*record.name, record.host_address);
  } else if (record.name) {
    record.address = names_.AddressOf(*record.name);
  }
}

// One pod.

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
    const std::int64_t usual = record.spec->termination_grace_period_seconds.value_or(30);
    worker.Delete(DurationOfSeconds(record.pod->metadata.deletion_grace_period_seconds.value_or(usual)), now);
  }
  const kubelet::PodActions actions = worker.Next(now);
  for (const kubelet::PodActions::Start& start : actions.start) {
    pending_starts_.push_back({record.number, start.container, start.attempt});
  }
  for (const kubelet::PodActions::Stop& stop : actions.stop) StopContainer(record, stop);
  for (const kubelet::PodActions::Try& attempt : actions.probe) Try(record, attempt);
  if (actions.wake && actions.wake != record.wake) timers_.push({*actions.wake, record.number});
  record.wake = actions.wake;
  if (worker.revision() != record.written_revision && !record.lost) WriteStatus(record);
  if (record.name) UpdateName(record);
  if (worker.finished()) Finish(record);
}

void Machine::StopContainer(PodRecord& record, const kubelet::PodActions::Stop& stop) {
  if (!stop.why.empty() && options_.notice) options_.notice(Cat("pod ", record.reference.name, ": ", stop.why));
  const runtime::ContainerId id = record.containers[stop.container];
  if (id != kNoContainer) {
    return runtime_.StopContainer(id, std::chrono::ceil<std::chrono::milliseconds>(stop.grace));
  }
  // It waits for its turn; StartPending will find that nobody wants it any more.
  record.worker->StartCancelled(stop.container);
  Touch(record);
}

void Machine::StartPending() {
  while (!pending_starts_.empty() && starting_ < options_.max_starting) {
    const PendingStart next = pending_starts_.front();
    pending_starts_.pop_front();
    const auto at = records_.find(next.pod);
    if (at == records_.end() || !at->second->worker->IsStarting(next.container, next.attempt)) continue;
    if (at->second->containers[next.container] != kNoContainer) continue;  // started for a later wish already
    Start(*at->second, next.container, next.attempt);
  }
}

void Machine::Start(PodRecord& record, std::size_t index, std::int32_t attempt) {
  if (record.pod == nullptr) return CannotStart(record, index, "CreateContainerError", {"the pod is gone"});
  const core::Container& container = kubelet::ContainerAt(*record.spec, index);
  if (auto ready = MakeReady(record); !ready) {
    return CannotStart(record, index, "CreateContainerConfigError", ready.error());
  }
  auto spec = kubelet::MakeContainerSpec(container, ContextOf(record));
  if (!spec) return CannotStart(record, index, "CreateContainerConfigError", spec.error());
  spec->attempt = attempt;
  spec->log_path = LogPath({record.reference.namespace_, record.reference.name}, container.name, attempt);
  if (record.agent) spec->mounts.push_back(record.agent->socket);
  const auto started = runtime_.StartContainer(*record.sandbox, std::move(*spec));
  if (!started) return CannotStart(record, index, "CreateContainerError", started.error());
  ++starting_;
  record.containers[index] = *started;
  containers_.emplace(NumberOf(*started), RunningContainer{&record, index, false, {}});
}

kubelet::ContainerContext Machine::ContextOf(const PodRecord& record) const {
  return {{&record.pod->metadata, record.spec.get(), record.node, record.address, record.host_address},
          record.hostname,
          record.gpus,
          *record.volumes,
          settings_,
          images_,
          record.agent ? record.agent->environment : options_.base_environment,
          options_.working_directory};
}

Status Machine::MakeReady(PodRecord& record) {
  if (!record.volumes) {
    auto made = kubelet::PodVolumes::Make(record.pod->metadata, *record.spec, options_.volumes, settings_);
    if (!made) {
      if (options_.notice && !std::exchange(told_of_trouble_, true)) {
        options_.notice(
            Cat("pod ", record.reference.name, " waits: ", made.error().message, "; it is tried again every 10s"));
      }
      return made.error();
    }
    record.volumes = std::move(*made);
    if (!record.volumes->directories().empty()) told_of_trouble_ = false;
  }
  if (auto let_in = LetAgentIn(record); !let_in) return let_in;
  if (record.sandbox) return Ok();
  runtime::PodSandboxSpec spec;
  spec.namespace_ = record.reference.namespace_;
  spec.name = record.reference.name;
  spec.uid = record.reference.uid;
  spec.hostname = record.hostname;
  if (record.name) {
    auto hosts = names_.HostsFile(record.reference.namespace_.str());
    if (!hosts) return hosts.error();
    spec.hosts_path = std::move(*hosts);
    UpdateName(record);
  } else {
    spec.hosts.push_back({record.address, {record.hostname}});
  }
  if (record.on_network) {
    spec.network = options_.network;
    spec.address = record.address;
  }
  const auto sandbox = runtime_.RunPodSandbox(std::move(spec));
  if (!sandbox) return sandbox.error();
  record.sandbox = *sandbox;
  return Ok();
}

void Machine::CannotStart(PodRecord& record, std::size_t container, std::string_view reason, const Error& error) {
  record.worker->CannotStart(container, std::string(reason), error.message, clock_.Now());
  Touch(record);
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
    // A phase that has ended is never left, whoever wrote it.
    const bool ended = status.phase == core::PodPhase::kSucceeded || status.phase == core::PodPhase::kFailed;
    const core::PodPhase before = status.phase;
    record.worker->WriteStatus(now, status);
    if (record.worker->finished()) NoteEnd(record, status);
    if (ended) status.phase = before;
  });
  writing_ = false;
}

void Machine::UpdateName(PodRecord& record) {
  bool published = false;
  const bool there = record.pod != nullptr && !record.pod->IsTerminal();
  const auto at = services_.find({record.name->namespace_, record.name->subdomain});
  if (there && at != services_.end() && at->second->headless() && at->second->Selects(record.pod->metadata.labels)) {
    published =
        at->second->spec.publish_not_ready_addresses || (record.pod->IsReady() && !record.pod->metadata.deleting());
  }
  const Status done =
      there ? names_.Set(*record.name, record.number, published) : names_.Remove(*record.name, record.number);
  if (!done.ok() && options_.notice && !std::exchange(told_of_trouble_, true)) options_.notice(done.error().message);
}

void Machine::Finish(PodRecord& record) {
  --running_;
  placement_.Remove(record.number);
  if (record.sandbox) runtime_.RemovePodSandbox(*record.sandbox);
  if (record.volumes) {
    for (const std::string& directory : record.volumes->directories()) janitor_.Remove(directory);
  }
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
  if (record.name) {
    [[maybe_unused]] const Status removed = names_.Remove(*record.name, record.number);
  }
  if (record.on_network && !record.name) names_.GiveBack(std::move(record.address));
  agents_.Remove(record.number);
  if (record.pod != nullptr) by_pod_.erase(record.pod);
  records_.erase(record.number);
}

}  // namespace reprieve::node
