// Machine: the local world's scheduler and kubelet: places pods, runs them, and reports their status.
//
// As a Watcher it only records which pods changed; HandleDue does what is due, at a cost per changed pod. Messages of
// the runtime's thread come through the inbox.
//
//   store -> PodChanged -> placement -> BindPod -> PodWorker -> Runtime -> RuntimeInbox -> PodWorker -> UpdatePodStatus
//
// PodSetup makes what a pod needs besides its containers, ContainerTable knows which containers run, ClaimFolders has
// the folders of claims. Source: spec/job.md 4. Thread rules: one owner, the engine's thread. Errors: if something that
// a pod needs can't be made, that becomes its containers' waiting reason, and is retried.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "kubelet/image_puller.h"
#include "kubelet/prober.h"
#include "kubelet/runtime_inbox.h"
#include "node/claim_folders.h"
#include "node/container_table.h"
#include "node/janitor.h"
#include "node/pod_record.h"
#include "node/pod_setup.h"
#include "node/volume_watch.h"
#include "scheduler/placement.h"
#include "store/store.h"
#include "world/clock.h"
#include "world/incident.h"
#include "world/watcher.h"

namespace reprieve::node {

// An event of a pod, as a kubelet records it; so far of its images.
struct PodEvent {
  const world::PodReference& pod;
  std::string_view container;
  bool warning = false;
  std::string_view reason;
  const std::string& message;
};

// Where images of pods that run in them come from.
struct MachineImages {
  // Null: no pod runs in its images. Outlives the machine.
  runtime::ImageService* service = nullptr;
  // How long a pod may wait for an image before WhyNoImage says so; absent: as long as it takes.
  std::optional<Nanoseconds> pull_timeout;
  // Both may be empty.
  std::function<void(const kubelet::ImageEvent&)> event;
  std::function<void(const PodEvent&)> pod_event;
};

// A line of a container's output, for `--logs`.
struct PodOutput {
  const world::PodReference& pod;
  std::string_view container;
  runtime::Stream stream;
  const std::string& text;
};

struct MachineOptions {
  // Logs are kept in its directory `logs`.
  std::string state_directory;
  PodSetupOptions pods;
  // The limit on containers that are starting.
  std::size_t max_starting = 32;
  // The first wait of a container in a crash loop.
  Nanoseconds restart_backoff = kubelet::PodWorker::kUsualBackoff;
  MachineImages images;
  std::function<void(const std::string&)> notice;
  std::function<void(const PodOutput&)> output;
  // An incident was due: its outcome.
  std::function<void(const world::Incident&, const world::IncidentOutcome&)> incident_applied;
};

class Machine final : public world::Watcher {
 public:
  // All must outlive the machine; `nodes` is not empty.
  Machine(store::Store& store, const world::Clock& clock, runtime::Runtime& runtime, kubelet::RuntimeInbox& inbox,
          std::vector<scheduler::Node> nodes, const kubelet::ImageMap& images, const kubelet::Settings& settings,
          MachineOptions options);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() override;

  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet& jobset) override;
  void ServiceChanged(const core::Service& service) override;
  void ServiceDeleted(const core::Service& service) override;
  void ClaimChanged(const core::PersistentVolumeClaim& claim) override;
  void ClaimDeleted(const core::PersistentVolumeClaim& claim) override;

  // Does everything that is due; false if nothing was.
  bool HandleDue();
  // When HandleDue has something to do even without an event.
  std::optional<Time> NextDue();

  // Applies the incident `incident.at` from now. `incident_applied` gets the outcome.
  void Schedule(world::Incident incident);

  // A pod has waited for an image for longer than it may: which, how long, and why. Empty: none has.
  const std::string& WhyNoImage() const { return why_no_image_; }

  // Incidents that are not due yet.
  std::vector<world::Incident> PendingIncidents() const;

  // Ends every pod and starts no others. May be called again with a shorter grace period.
  void Stop(Nanoseconds grace);
  // Pods that are on a node and have not ended.
  std::size_t running() const { return running_; }

  const scheduler::Placement& placement() const { return placement_; }
  // The directory of all output.
  std::string LogDirectory() const { return options_.state_directory + "/logs"; }
  // The file of that container's output, in the CRI log format. Without output there is no file.
  std::string LogPath(const meta::ObjectKey& pod, std::string_view container, std::int32_t attempt) const;

 private:
  struct Timer {
    Time when;
    scheduler::PodNumber pod = 0;
    bool operator<(const Timer& other) const { return when > other.when; }
  };

  void Touch(PodRecord& record);
  void Notice(const std::string& text) const;
  bool TakeMessages();
  void Handle(const runtime::ContainerStarted& started);
  void Handle(runtime::ContainerExit& exit);
  void Handle(const runtime::ContainerRefused& refused);
  void Handle(const kubelet::OutputLine& line);
  void Handle(const kubelet::RuntimeNotice& notice);
  void Handle(const kubelet::AgentsReported& reported);
  void Handle(kubelet::VolumeOverLimit& over);
  // Images: machine_images.cc.
  void OpenImages();
  void Handle(kubelet::ImageMessage& message);
  // Nothing: it is being looked for or pulled, or the container waits with a reason.
  std::optional<std::string> ImageFor(PodRecord& record, std::size_t container, std::int32_t attempt);
  // Somebody may have removed it from the engine.
  void MistrustImage(const PodRecord& record, std::size_t container);
  bool GiveUpOnImages();
  std::optional<Time> ImagesOverdueAt() const;
  // Probes and hooks: machine_probes.cc.
  void Try(PodRecord& record, const kubelet::PodActions::Try& attempt);
  void Run(PodRecord& record, const kubelet::PodActions::Hook& hook);
  void EndHook(PodRecord& record, kubelet::ProbeAnswer& answer);
  void Handle(const runtime::ExecEnd& end);
  void Handle(kubelet::ProbeAnswer& answer);
  bool FireTimers();
  // Incidents: machine_incidents.cc.
  bool ApplyDueIncidents();
  world::IncidentOutcome Apply(const world::Incident& incident);
  world::IncidentOutcome ApplyToNode(const world::Incident& incident);
  world::IncidentOutcome ApplyToPod(PodRecord& record, const world::Incident& incident);
  void LookAtGates(PodRecord& record);
  world::IncidentOutcome Kill(PodRecord& record);
  world::IncidentOutcome Exit(PodRecord& record, std::int32_t exit_code);
  world::IncidentOutcome ApplyToContainer(PodRecord& record, const world::Incident& incident);
  void Lose(PodRecord& record);
  // By its tolerations of a NoExecute taint that its node has had from now on.
  void Taint(PodRecord& record, world::IncidentOutcome& outcome);
  bool EvictTainted();
  // `message`: what the pod's status says of it; empty: what it always says.
  void EndByKubelet(PodRecord& record, world::FaultKind fault, Nanoseconds grace, std::string message = {});
  void NoteEnd(const PodRecord& record, core::PodStatus& status) const;
  // The oldest pod that `name` refers to (world::IsCalled) and that has not ended; null if there is none.
  PodRecord* FindCalled(const std::string& name);
  bool SettleTouched();
  bool PlaceWaiting();
  void TellRefused();
  void Settle(PodRecord& record);
  // False: the pod is not on a node, yet or ever.
  bool Admit(PodRecord& record);
  void SettleOnNode(PodRecord& record, const scheduler::Node& node, std::vector<int> gpus);
  void StopContainer(PodRecord& record, const kubelet::PodActions::Stop& stop);
  void StartPending();
  void Start(PodRecord& record, std::size_t container, std::int32_t attempt);
  void CannotStart(PodRecord& record, std::size_t container, std::string_view reason, const Error& error,
                   std::optional<Time> retry_at = std::nullopt);
  void WriteStatus(PodRecord& record);
  void TouchPodsOf(const core::Service& service);
  void Finish(PodRecord& record);
  void Drop(PodRecord& record);

  store::Store& store_;
  const world::Clock& clock_;
  runtime::Runtime& runtime_;
  kubelet::RuntimeInbox& inbox_;
  kubelet::Prober prober_;
  const MachineOptions options_;
  scheduler::Placement placement_;
  Janitor janitor_;
  PodSetup setup_;
  ClaimFolders claims_;
  VolumeWatch volume_watch_;
  std::optional<kubelet::ImagePuller> puller_;  // absent: no pod runs in its images
  std::string why_no_image_;

  std::unordered_map<scheduler::PodNumber, std::unique_ptr<PodRecord>> records_;
  std::unordered_map<const core::Pod*, PodRecord*> by_pod_;
  ContainerTable containers_;
  scheduler::PodNumber next_number_ = 1;
  std::vector<scheduler::PodNumber> touched_;
  std::vector<scheduler::PodNumber> settling_;
  std::vector<kubelet::RuntimeMessage> messages_;
  std::priority_queue<Timer> timers_;
  std::multimap<Time, world::Incident> incidents_;
  std::multimap<Time, scheduler::PodNumber> tainted_;  // that are deleted then, should their node still be tainted
  std::size_t running_ = 0;
  bool writing_ = false;  // what the store reports now is our own write
  bool stopping_ = false;
};

}  // namespace reprieve::node
