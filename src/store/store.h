// Store: the objects of a local or simulated world, in memory, and what an API server does with a write to them.
//
// One engine thread owns it; watchers are told before a write returns. Every write gets a version greater than all
// before it. Durability comes with `serve`.
//
// Source: spec/job.md 1.5, 1.10; tests/oracle/README.md (what the API server itself does with actions).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission/admission.h"
#include "base/random.h"
#include "base/result.h"
#include "model/jobset.h"
#include "store/event_log.h"
#include "store/pod_table.h"
#include "store/status_validator.h"
#include "world/api.h"
#include "world/clock.h"
#include "world/watcher.h"

namespace reprieve::store {

class Store final : public world::Api {
 public:
  // `seed`: names and UIDs follow from it. The clock must outlive the store.
  Store(const world::Clock& clock, std::uint64_t seed);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Watchers are told in the order of their addition. A watcher must outlive the store or be removed. None writes to
  // the store from its callback: the next watchers would see the changes in another order.
  void AddWatcher(world::Watcher* watcher) { watchers_.push_back(watcher); }
  void RemoveWatcher(world::Watcher* watcher) { std::erase(watchers_, watcher); }
  // Reports every object there is to `watcher`: owners before what they own.
  void List(world::Watcher& watcher) const;
  void set_event_listener(std::function<void(const world::Event&)> listener) { on_event_ = std::move(listener); }
  // --- what users and kubelets ask for ---

  // The version of the newest write.
  meta::ResourceVersion version() const { return version_; }
  meta::Uid NewUid();
  // Five characters, as the API server appends them to generateName.
  std::string NewNameSuffix();

  // Takes a Job that admission has passed (uid, generation and labels set); gives it a version and a creation time.
  const batch::Job& AddJob(batch::Job job);
  const batch::Job* FindJob(const meta::ObjectKey& key) const;
  // Replaces metadata and spec by those of `job` (which admission has passed), not the status.
  world::WriteResult ReplaceJob(const batch::Job& job);
  std::vector<const batch::Job*> Jobs() const;

  // Takes a JobSet that admission has passed, as AddJob does.
  const jobset::JobSet& AddJobSet(jobset::JobSet jobset);
  const jobset::JobSet* FindJobSet(const meta::ObjectKey& key) const;
  // Replaces metadata and spec by those of `jobset` (which admission has passed), not the status.
  world::WriteResult ReplaceJobSet(const jobset::JobSet& jobset);
  std::vector<const jobset::JobSet*> JobSets() const;
  const core::Service* FindService(const meta::ObjectKey& key) const;
  std::vector<const core::Service*> Services() const;
  const core::PersistentVolumeClaim* FindClaim(const meta::ObjectKey& key) const;
  std::vector<const core::PersistentVolumeClaim*> Claims() const;
  // A node that pods may be bound to; again: its new labels.
  void SetNode(const std::string& name, const std::map<std::string, std::string>& labels);
  // Null pointer if there is none.
  const core::Node* FindNode(const std::string& name) const;
  // As the Priority admission plugin of a cluster does, which gives pods 0 that name no class: pods of JobSets that
  // have no priority are taken as having this one. Until then there is no such plugin.
  void set_usual_priority(std::int32_t priority) { usual_priority_ = priority; }

  // Objects of another store as they are, with their identity, times and status; only their version is new. REQUIRES:
  // none of that name is there.
  void TakeOver(batch::Job job);
  void TakeOver(jobset::JobSet jobset);
  void TakeOver(core::Pod pod);

  const core::Pod* FindPod(const meta::ObjectKey& key) const;
  std::vector<const core::Pod*> Pods() const { return pods_.All(); }
  std::size_t pod_count() const { return pods_.size(); }
  // Takes a pod that no controller has made.
  world::WriteResult AddPod(core::Pod pod);
  world::WriteResult BindPod(const world::PodReference& pod, const SharedString& node);
  // `change` sees the pod and edits its status in place.
  world::WriteResult UpdatePodStatus(const world::PodReference& pod,
                                     const std::function<void(const core::Pod&, core::PodStatus&)>& change);
  world::WriteResult UpdatePodAnnotations(const world::PodReference& pod,
                                          const std::function<void(meta::Labels&)>& change);
  // Grace period 0: as the kubelet does at the end. A finalizer may still hold the object.
  world::WriteResult RemovePod(const world::PodReference& pod);
  const EventLog& events() const { return events_; }

  // --- world::Api: answers at once ---

  void Submit(world::Request&& request, world::Completion&& done) override;
  void RecordEvent(const world::Event& event) override;

  // --- the writes of requests (world/request.h), for others than controllers too ---

  world::WriteResult CreatePod(std::unique_ptr<core::Pod> pod);
  world::WriteResult DeletePod(const world::PodReference& pod);
  world::WriteResult RemovePodFinalizer(const world::PodReference& pod, std::string_view finalizer);
  world::WriteResult AdoptPod(const world::PodReference& pod, const meta::OwnerReference& owner,
                              std::string_view finalizer);
  world::WriteResult ReleasePod(const world::PodReference& pod, const meta::Uid& owner_uid, std::string_view finalizer);
  world::WriteResult MarkDisrupted(const world::PodReference& pod, std::string_view reason, std::string_view message,
                                   bool fail = false);
  world::WriteResult UpdateJobStatus(const meta::ObjectKey& job, const meta::Uid& uid, meta::ResourceVersion version,
                                     batch::JobStatus status);
  world::WriteResult DeleteJob(const meta::ObjectKey& job, const meta::Uid& uid, world::Propagation propagation);
  world::WriteResult RemoveJobFinalizer(const meta::ObjectKey& job, const meta::Uid& uid, std::string_view finalizer);
  world::WriteResult CreateJob(const batch::Job& job);
  world::WriteResult UpdateJob(const batch::Job& job);
  world::WriteResult ResizeJob(const meta::ObjectKey& job, const meta::Uid& uid,
                               std::optional<std::int32_t> parallelism, std::optional<std::int32_t> completions);
  world::WriteResult UpdateJobSetStatus(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                        meta::ResourceVersion version, jobset::JobSetStatus status);
  world::WriteResult DeleteJobSet(const meta::ObjectKey& jobset, const meta::Uid& uid, world::Propagation propagation);
  world::WriteResult RemoveJobSetFinalizer(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                           std::string_view finalizer);
  world::WriteResult CreateService(core::Service service);
  world::WriteResult DeleteService(const meta::ObjectKey& service, const meta::Uid& uid);
  world::WriteResult CreateClaim(core::PersistentVolumeClaim claim);
  world::WriteResult DeleteClaim(const meta::ObjectKey& claim, const meta::Uid& uid);

 private:
  template <class T>
  using ByKey = std::map<meta::ObjectKey, std::unique_ptr<T>>;
  struct KeyHash {
    std::size_t operator()(const meta::ObjectKey& key) const {
      return std::hash<SharedString>()(key.name) * 31 + std::hash<SharedString>()(key.namespace_);
    }
  };

  // Of a write. REQUIRES: no watcher is being told of another one.
  meta::ResourceVersion NextVersion();
  // Of a status that the next write stores.
  std::uint32_t StatusVersion() const { return static_cast<std::uint32_t>(version_ + 1); }
  void Tell(const auto& tell) {
    telling_ = true;
    for (world::Watcher* watcher : watchers_) tell(*watcher);
    telling_ = false;
  }
  core::Pod* Find(const world::PodReference& pod);
  batch::Job* Find(const meta::ObjectKey& job, const meta::Uid& uid);
  jobset::JobSet* FindJobSet(const meta::ObjectKey& key, const meta::Uid& uid);
  // Stores what a request on a Job was answered with.
  world::WriteResult Replace(const batch::Job& before, const admission::Answer& answer);
  void ShareTemplate(const document::Value& pod_spec, batch::Job& job);
  std::shared_ptr<const core::PodSpec> DefaultedSpec(const std::shared_ptr<const core::PodSpec>& spec);
  world::WriteResult Insert(std::unique_ptr<core::Pod> pod);
  world::WriteResult Changed(core::Pod& pod);
  world::WriteResult Changed(batch::Job& job);
  world::WriteResult Changed(jobset::JobSet& jobset);
  // Drops the object if it is being deleted at once and nothing holds it.
  world::WriteResult FinishDeletion(core::Pod& pod);
  void OrphanPodsOf(const batch::Job& job);
  void Index(const core::Pod& pod);
  void Unindex(const core::Pod& pod);
  // What the admission webhooks of JobSet make of a new pod; an error refuses it.
  Status Place(core::Pod& pod);

  const world::Clock& clock_;
  Random random_;
  meta::ResourceVersion version_ = 0;
  std::vector<world::Watcher*> watchers_;
  mutable bool telling_ = false;
  std::function<void(const world::Event&)> on_event_;
  StatusValidator status_validator_;

  std::unordered_map<meta::ObjectKey, std::unique_ptr<batch::Job>, KeyHash> jobs_;
  PodTable pods_;
  ByKey<jobset::JobSet> jobsets_;
  ByKey<core::Service> services_;
  ByKey<core::PersistentVolumeClaim> claims_;
  std::map<std::string, core::Node> nodes_;
  std::optional<std::int32_t> usual_priority_;
  // Pods of exclusively placed Jobs, by namespace and name without the last part (spec/jobset.md 4.3).
  std::map<meta::ObjectKey, std::set<const core::Pod*>> exclusive_;
  EventLog events_;
  // The conditions of pods that were bound at that time: they share them.
  SharedVector<core::PodCondition> bound_;
  Time bound_at_ = Time::min();
  // Pod specs of the child Jobs that were created last, the newest at the end.
  struct SharedTemplate {
    document::Value value;
    std::shared_ptr<const core::PodSpec> spec;
  };
  std::deque<SharedTemplate> templates_;
  // The specs that pods were created with last, and what defaulting made of them: thousands share one.
  std::unordered_map<std::shared_ptr<const core::PodSpec>, std::shared_ptr<const core::PodSpec>> defaulted_;
};

}  // namespace reprieve::store
