#include "node/machine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/text.h"
#include "kubelet/pod_phase.h"
#include "node/machine_resident.h"

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
  for (const auto& [number, resident] : residents_) {
    if (resident->sandbox) runtime_.RemovePodSandbox(*resident->sandbox);
    if (!resident->volumes) continue;
    for (const std::string& directory : resident->volumes->directories()) janitor_.Remove(directory);
  }
}

void Machine::PodChanged(const core::Pod& pod) {
  if (writing_) return;
  const auto known = by_pod_.find(&pod);
  if (known != by_pod_.end()) return Touch(*known->second);
  if (pod.IsTerminal()) return;
  if (!pod.node_name.empty() && placement_.FindNode(pod.node_name.str()) == nullptr) return;
  auto resident = std::make_unique<Resident>();
  resident->number = next_number_++;
  resident->reference = world::ReferenceTo(pod);
  resident->pod = &pod;
  resident->spec = pod.spec;
  by_pod_.emplace(&pod, resident.get());
  Touch(*resident);
  residents_.emplace(resident->number, std::move(resident));
}

void Machine::PodDeleted(const core::Pod& pod) {
  const auto known = by_pod_.find(&pod);
  if (known == by_pod_.end()) return;
  Resident& resident = *known->second;
  by_pod_.erase(known);
  placement_.Forget(resident.number);
  resident.pod = nullptr;
  Touch(resident);
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
  for (const auto& [number, resident] : residents_) {
    const auto& name = resident->name;
    if (name && name->namespace_ == service.metadata.namespace_ && name->subdomain == service.metadata.name) {
      Touch(*resident);
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

void Machine::Touch(Resident& resident) {
  if (std::exchange(resident.touched, true)) return;
  touched_.push_back(resident.number);
}

bool Machine::HandleDue() {
  bool any = TakeMessages();
  any |= FireTimers();
  any |= SufferDue();
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
    const auto resident = residents_.find(timers_.top().pod);
    if (resident != residents_.end() && resident->second->wake == timers_.top().when) break;
    timers_.pop();
  }
  std::optional<Time> due;
  if (!timers_.empty()) due = timers_.top().when;
  if (!incidents_.empty()) due = due ? std::min(*due, incidents_.begin()->first) : incidents_.begin()->first;
  return due;
}

void Machine::Stop(Nanoseconds grace) {
  stopping_ = true;
  for (const auto& [number, resident] : residents_) {
    if (!resident->worker) continue;
    resident->worker->Delete(grace, clock_.Now());
    Touch(*resident);
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
  Resident& resident = *at->second.resident;
  resident.worker->Started(at->second.container, started.started_at);
  Touch(resident);
}

void Machine::Handle(runtime::ContainerExit& exit) {
  const auto at = containers_.find(NumberOf(exit.container));
  if (at == containers_.end()) return;
  const RunningContainer ended = at->second;
  containers_.erase(at);
  if (!ended.started) --starting_;
  Resident& resident = *ended.resident;
  resident.containers[ended.container] = kNoContainer;
  if (ended.inflicted) {
    exit.exit_code = ended.inflicted->exit_code;
    exit.reason = ended.inflicted->reason;
  }
  resident.worker->Exited(ended.container,
                          {exit.exit_code, std::string(runtime::ExitReasonName(exit.reason)), std::move(exit.message),
                           exit.started_at, exit.finished_at},
                          clock_.Now());
  Touch(resident);
}

void Machine::Handle(const kubelet::OutputLine& line) {
  const auto at = containers_.find(NumberOf(line.container));
  if (at == containers_.end() || !options_.output) return;
  const Resident& resident = *at->second.resident;
  options_.output(
      {resident.reference, kubelet::ContainerAt(*resident.spec, at->second.container).name, line.stream, line.text});
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
    const auto at = residents_.find(timer.pod);
    if (at == residents_.end() || at->second->wake != timer.when) continue;
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
    Resident& resident = *residents_.at(placed->pod);
    resident.waits_for_place = false;
    writing_ = true;
    const world::WriteResult bound = store_.BindPod(resident.reference, placed->node->name);
    writing_ = false;
    if (!bound.ok()) {
      // It is gone, or somebody else has bound it; what the store reports about it decides.
      placement_.Remove(placed->pod);
      if (resident.pod == nullptr) {
        Drop(resident);
      } else {
        Touch(resident);
      }
      continue;
    }
    SettleOnNode(resident, *placed->node, placed->gpus);
  }
  TellRefused();
  return any;
}

void Machine::TellRefused() {
  const Time now = clock_.Now();
  for (const scheduler::Placement::Refused& refused : placement_.TakeRefused()) {
    const auto at = residents_.find(refused.pod);
    if (at == residents_.end() || !at->second->waits_for_place) continue;
    writing_ = true;
    store_.UpdatePodStatus(at->second->reference, [&](const core::Pod&, core::PodStatus& status) {
      kubelet::SetCondition("PodScheduled", false, "Unschedulable", refused.message, now, status);
    });
    writing_ = false;
  }
}

bool Machine::Admit(Resident& resident) {
  if (resident.worker) return true;
  if (resident.pod == nullptr) {
    Drop(resident);
    return false;
  }
  const core::Pod& pod = *resident.pod;
  if (pod.metadata.deleting() || pod.IsTerminal()) {
    // Nothing of it has run: a control plane's garbage collector for pods does this (spec/job.md 4.6).
    const bool failed_already = pod.IsTerminal();
    const bool deleting = pod.metadata.deleting();
    const world::PodReference reference = resident.reference;
    Drop(resident);
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
      Drop(resident);
      return false;
    }
    if (std::exchange(resident.waits_for_place, false)) placement_.Remove(resident.number);
    SettleOnNode(resident, *node, placement_.Take(resident.number, pod, *node));
    return true;
  }
  if (!std::exchange(resident.waits_for_place, true)) placement_.Add(resident.number, pod);
  return false;
}

void Machine::SettleOnNode(Resident& resident, const scheduler::Node& node, std::vector<int> gpus) {
  resident.node = &node;
  resident.gpus = std::move(gpus);
  resident.hostname = kubelet::HostnameOf(*resident.pod);
  GiveAddress(resident);
  resident.containers.assign(kubelet::ContainerCount(*resident.spec), kNoContainer);
  resident.worker.emplace(kubelet::PodWorker::Identity{resident.reference.namespace_.str(),
                                                       resident.reference.name.str(), resident.reference.uid.str()},
                          resident.spec, clock_.Now(), options_.restart_backoff);
  ++running_;
  Touch(resident);
}

void Machine::GiveAddress(Resident& resident) {
  if (!resident.pod->hostname.empty() && !resident.spec->subdomain.empty()) {
    resident.name = kubelet::PodNames::Name{resident.reference.namespace_.str(), resident.spec->subdomain,
                                            resident.pod->hostname.str()};
  }
  runtime::PodNetwork* network = options_.network;
  const bool joins = resident.name || !options_.only_names_on_network;
  resident.on_network = network != nullptr && joins && !resident.spec->rest["hostNetwork"].AsBool();
  if (resident.on_network) {
    resident.host_address = network->machine_address();
    resident.address = resident.name ? names_.AddressOf(*resident.name) : names_.TakeAddress();
  } else if (resident.name && network != nullptr) {
    resident.host_address = network->machine_address();
    resident.address = names_.AddressOf(*resident.name, resident.host_address);
  } else if (resident.name) {
    resident.address = names_.AddressOf(*resident.name);
  }
}

// One pod.

bool Machine::SettleTouched() {
  bool any = false;
  while (!touched_.empty()) {
    any = true;
    std::swap(settling_, touched_);
    for (const scheduler::PodNumber number : settling_) {
      const auto at = residents_.find(number);
      if (at == residents_.end()) continue;
      at->second->touched = false;
      Settle(*at->second);
    }
    settling_.clear();
    StartPending();
  }
  return any;
}

void Machine::Settle(Resident& resident) {
  if (!Admit(resident)) return;
  const Time now = clock_.Now();
  kubelet::PodWorker& worker = *resident.worker;
  if (resident.pod == nullptr) {
    worker.Delete(Nanoseconds(0), now);
  } else if (!resident.deletion_seen && (resident.pod->metadata.deleting() || resident.pod->IsTerminal())) {
    resident.deletion_seen = true;
    const std::int64_t usual = resident.spec->termination_grace_period_seconds.value_or(30);
    worker.Delete(Seconds(resident.pod->metadata.deletion_grace_period_seconds.value_or(usual)), now);
  }
  const kubelet::PodActions actions = worker.Next(now);
  for (const kubelet::PodActions::Start& start : actions.start) {
    pending_starts_.push_back({resident.number, start.container, start.attempt});
  }
  for (const kubelet::PodActions::Stop& stop : actions.stop) StopContainer(resident, stop);
  for (const kubelet::PodActions::Try& attempt : actions.probe) Try(resident, attempt);
  if (actions.wake && actions.wake != resident.wake) timers_.push({*actions.wake, resident.number});
  resident.wake = actions.wake;
  if (worker.revision() != resident.written_revision && !resident.lost) WriteStatus(resident);
  if (resident.name) UpdateName(resident);
  if (worker.finished()) Finish(resident);
}

void Machine::StopContainer(Resident& resident, const kubelet::PodActions::Stop& stop) {
  if (!stop.why.empty() && options_.notice) options_.notice(Cat("pod ", resident.reference.name, ": ", stop.why));
  const runtime::ContainerId id = resident.containers[stop.container];
  if (id != kNoContainer) {
    return runtime_.StopContainer(id, std::chrono::ceil<std::chrono::milliseconds>(stop.grace));
  }
  // It waits for its turn; StartPending will find that nobody wants it any more.
  resident.worker->StartCancelled(stop.container);
  Touch(resident);
}

void Machine::StartPending() {
  while (!pending_starts_.empty() && starting_ < options_.max_starting) {
    const PendingStart next = pending_starts_.front();
    pending_starts_.pop_front();
    const auto at = residents_.find(next.pod);
    if (at == residents_.end() || !at->second->worker->IsStarting(next.container, next.attempt)) continue;
    if (at->second->containers[next.container] != kNoContainer) continue;  // started for a later wish already
    Start(*at->second, next.container, next.attempt);
  }
}

void Machine::Start(Resident& resident, std::size_t index, std::int32_t attempt) {
  if (resident.pod == nullptr) return CannotStart(resident, index, "CreateContainerError", {"the pod is gone"});
  const core::Container& container = kubelet::ContainerAt(*resident.spec, index);
  if (auto ready = MakeReady(resident); !ready) {
    return CannotStart(resident, index, "CreateContainerConfigError", ready.error());
  }
  auto spec = kubelet::MakeContainerSpec(container, ContextOf(resident));
  if (!spec) return CannotStart(resident, index, "CreateContainerConfigError", spec.error());
  spec->attempt = attempt;
  spec->log_path = LogPath({resident.reference.namespace_, resident.reference.name}, container.name, attempt);
  if (resident.agent) spec->mounts.push_back(resident.agent->socket);
  const auto started = runtime_.StartContainer(*resident.sandbox, std::move(*spec));
  if (!started) return CannotStart(resident, index, "CreateContainerError", started.error());
  ++starting_;
  resident.containers[index] = *started;
  containers_.emplace(NumberOf(*started), RunningContainer{&resident, index, false, {}});
}

kubelet::ContainerContext Machine::ContextOf(const Resident& resident) const {
  return {{&resident.pod->metadata, resident.spec.get(), resident.node, resident.address, resident.host_address},
          resident.hostname,
          resident.gpus,
          *resident.volumes,
          settings_,
          images_,
          resident.agent ? resident.agent->environment : options_.base_environment,
          options_.working_directory};
}

Status Machine::MakeReady(Resident& resident) {
  if (!resident.volumes) {
    auto made = kubelet::PodVolumes::Make(resident.pod->metadata, *resident.spec, options_.volumes, settings_);
    if (!made) {
      if (options_.notice && !std::exchange(told_of_trouble_, true)) {
        options_.notice(
            Cat("pod ", resident.reference.name, " waits: ", made.error().message, "; it is tried again every 10s"));
      }
      return made.error();
    }
    resident.volumes = std::move(*made);
    if (!resident.volumes->directories().empty()) told_of_trouble_ = false;
  }
  if (auto let_in = LetAgentIn(resident); !let_in) return let_in;
  if (resident.sandbox) return Ok();
  runtime::PodSandboxSpec spec;
  spec.namespace_ = resident.reference.namespace_;
  spec.name = resident.reference.name;
  spec.uid = resident.reference.uid;
  spec.hostname = resident.hostname;
  if (resident.name) {
    auto hosts = names_.HostsFile(resident.reference.namespace_.str());
    if (!hosts) return hosts.error();
    spec.hosts_path = std::move(*hosts);
    UpdateName(resident);
  } else {
    spec.hosts.push_back({resident.address, {resident.hostname}});
  }
  if (resident.on_network) {
    spec.network = options_.network;
    spec.address = resident.address;
  }
  const auto sandbox = runtime_.RunPodSandbox(std::move(spec));
  if (!sandbox) return sandbox.error();
  resident.sandbox = *sandbox;
  return Ok();
}

void Machine::CannotStart(Resident& resident, std::size_t container, std::string_view reason, const Error& error) {
  resident.worker->CannotStart(container, std::string(reason), error.message, clock_.Now());
  Touch(resident);
}

void Machine::WriteStatus(Resident& resident) {
  resident.written_revision = resident.worker->revision();
  if (resident.pod == nullptr) return;
  const Time now = clock_.Now();
  writing_ = true;
  store_.UpdatePodStatus(resident.reference, [&](const core::Pod&, core::PodStatus& status) {
    if (status.host_ip.empty()) {
      status.host_ip = resident.host_address;
      status.pod_ip = resident.address;
    }
    // A phase that has ended is never left, whoever wrote it.
    const bool ended = status.phase == core::PodPhase::kSucceeded || status.phase == core::PodPhase::kFailed;
    const core::PodPhase before = status.phase;
    resident.worker->WriteStatus(now, status);
    if (resident.worker->finished()) NoteEnd(resident, status);
    if (ended) status.phase = before;
  });
  writing_ = false;
}

void Machine::UpdateName(Resident& resident) {
  bool published = false;
  const bool there = resident.pod != nullptr && !resident.pod->IsTerminal();
  const auto at = services_.find({resident.name->namespace_, resident.name->subdomain});
  if (there && at != services_.end() && at->second->headless() && at->second->Selects(resident.pod->metadata.labels)) {
    published =
        at->second->spec.publish_not_ready_addresses || (resident.pod->IsReady() && !resident.pod->metadata.deleting());
  }
  const Status done =
      there ? names_.Set(*resident.name, resident.number, published) : names_.Remove(*resident.name, resident.number);
  if (!done.ok() && options_.notice && !std::exchange(told_of_trouble_, true)) options_.notice(done.error().message);
}

void Machine::Finish(Resident& resident) {
  --running_;
  placement_.Remove(resident.number);
  if (resident.sandbox) runtime_.RemovePodSandbox(*resident.sandbox);
  if (resident.volumes) {
    for (const std::string& directory : resident.volumes->directories()) janitor_.Remove(directory);
  }
  const bool remove = resident.pod != nullptr && resident.pod->metadata.deleting();
  const world::PodReference reference = resident.reference;
  Drop(resident);
  if (!remove) return;
  writing_ = true;
  store_.RemovePod(reference);
  writing_ = false;
}

void Machine::Drop(Resident& resident) {
  if (resident.waits_for_place) placement_.Remove(resident.number);
  if (resident.name) {
    [[maybe_unused]] const Status removed = names_.Remove(*resident.name, resident.number);
  }
  if (resident.on_network && !resident.name) names_.GiveBack(std::move(resident.address));
  agents_.Remove(resident.number);
  if (resident.pod != nullptr) by_pod_.erase(resident.pod);
  residents_.erase(resident.number);
}

}  // namespace reprieve::node
