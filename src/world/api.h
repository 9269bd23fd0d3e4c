// Api: the writes that a world accepts, each of them one request to a control plane.
//
// The local and the simulated world answer from their store, the cluster world will answer from a Kubernetes API
// server. Called on the engine's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "model/jobset.h"

namespace reprieve::world {

enum class WriteCode : std::uint8_t {
  kOk,
  kNotFound,  // there is no such object, or it is another one of that name (UID precondition)
  kConflict,  // the object has changed since the version that the write is based on
  kAlreadyExists,
  kInvalid,      // validation or an admission rule refused it: the same request is refused until something changes
  kForbidden,    // refused for now, by a quota for example: the same request may pass later
  kTerminating,  // the namespace is being deleted
  kUnavailable,  // no answer: whether it took effect is unknown
};

struct WriteResult {
  WriteCode code = WriteCode::kOk;
  std::string message;                // where not kOk
  meta::ResourceVersion version = 0;  // that the object has now; 0: it is gone
  bool ok() const { return code == WriteCode::kOk; }
};

// One pod, and no later one of the same name.
struct PodReference {
  SharedString namespace_;
  SharedString name;
  meta::Uid uid;
  Slot slot = kNoSlot;  // where it may be found quickly, if its holder is the one that is asked
};
inline PodReference ReferenceTo(const core::Pod& pod) {
  return {pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid, pod.slot};
}

enum class Propagation : std::uint8_t { kBackground, kForeground, kOrphan };

// What a plan or an event is about.
enum class Kind : std::uint8_t { kJob, kJobSet };
std::string_view NameOf(Kind kind);
struct Subject {
  Kind kind = Kind::kJob;
  meta::ObjectKey key;
  auto operator<=>(const Subject&) const = default;
};

struct Event {
  Time at;
  Subject about;
  bool warning = false;
  SharedString reason;
  std::string message;
};

class Api {
 public:
  virtual ~Api() = default;

  // `pod` has generateName; on success `created_name` is its name.
  virtual WriteResult CreatePod(std::unique_ptr<core::Pod> pod, SharedString& created_name) = 0;
  // Graceful: a bound, running pod goes on until its kubelet has ended it.
  virtual WriteResult DeletePod(const PodReference& pod) = 0;
  virtual WriteResult RemovePodFinalizer(const PodReference& pod, std::string_view finalizer) = 0;
  // Adds `owner` as the controller, and the finalizer, in one write.
  virtual WriteResult AdoptPod(const PodReference& pod, const meta::OwnerReference& owner,
                               std::string_view finalizer) = 0;
  // Removes the owner of that UID, and the finalizer, in one write.
  virtual WriteResult ReleasePod(const PodReference& pod, const meta::Uid& owner_uid, std::string_view finalizer) = 0;
  // Replaces the status if the Job still has that version and UID.
  virtual WriteResult UpdateJobStatus(const meta::ObjectKey& job, const meta::Uid& uid, meta::ResourceVersion version,
                                      batch::JobStatus status) = 0;
  virtual WriteResult DeleteJob(const meta::ObjectKey& job, const meta::Uid& uid, Propagation propagation) = 0;
  virtual WriteResult RemoveJobFinalizer(const meta::ObjectKey& job, const meta::Uid& uid,
                                         std::string_view finalizer) = 0;

  // --- JobSets and what they own ---

  // Admits `job` as a request would be: defaults, selector, validation.
  virtual WriteResult CreateJob(std::unique_ptr<batch::Job> job) = 0;
  // Replaces metadata and spec if the Job still has the version that `job` has.
  virtual WriteResult UpdateJob(const batch::Job& job) = 0;
  // A merge patch of two fields, whatever the Job's version is.
  virtual WriteResult ResizeJob(const meta::ObjectKey& job, std::optional<std::int32_t> parallelism,
                                std::optional<std::int32_t> completions) = 0;
  virtual WriteResult UpdateJobSetStatus(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                         meta::ResourceVersion version, jobset::JobSetStatus status) = 0;
  virtual WriteResult DeleteJobSet(const meta::ObjectKey& jobset, const meta::Uid& uid, Propagation propagation) = 0;
  virtual WriteResult RemoveJobSetFinalizer(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                            std::string_view finalizer) = 0;
  virtual WriteResult CreateService(core::Service service) = 0;
  virtual WriteResult DeleteService(const meta::ObjectKey& service, const meta::Uid& uid) = 0;
  virtual WriteResult CreateClaim(core::PersistentVolumeClaim claim) = 0;
  virtual WriteResult DeleteClaim(const meta::ObjectKey& claim, const meta::Uid& uid) = 0;
  // Adds the condition DisruptionTarget=True unless it is there.
  virtual WriteResult MarkDisrupted(const PodReference& pod, std::string_view reason, std::string_view message) = 0;
  // Condition DisruptionTarget, phase Failed, then deletion without grace. A finalizer may still hold the object.
  virtual WriteResult LosePod(const PodReference& pod, std::string_view reason, std::string_view message) = 0;

  // Best effort: an event that is lost changes nothing.
  virtual void RecordEvent(const Event& event) = 0;
};

}  // namespace reprieve::world
