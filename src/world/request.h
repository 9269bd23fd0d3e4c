// Request: one write that a world is asked for, as a value, and the answer to it. Each is one request to a control
// plane.
//
// Source: spec/job.md 2.2 to 2.13, spec/jobset.md 2. Plain data; names given as string_view have static storage.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

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
  SharedString name{};                // of a pod that was created
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

// --- pods ---

// The pod has generateName; the answer has its name.
struct CreatePod {
  std::unique_ptr<core::Pod> pod;
};
// The finalizer stays, so that the pod is counted once it has ended.
struct DeletePod {
  PodReference pod;
  // Grace period 0: the object goes as soon as no finalizer holds it. Otherwise a bound, running pod goes on until its
  // kubelet has ended it.
  bool at_once = false;
};
struct RemovePodFinalizer {
  PodReference pod;
  std::string_view finalizer;
};
// Adds `owner` as the controller, and the finalizer.
struct AdoptPod {
  PodReference pod;
  std::shared_ptr<const meta::OwnerReference> owner;
  std::string_view finalizer;
};
// Removes the owner of that UID, and the finalizer.
struct ReleasePod {
  PodReference pod;
  meta::Uid owner_uid;
  std::string_view finalizer;
};
// Adds the condition DisruptionTarget=True unless it is there.
struct MarkDisrupted {
  PodReference pod;
  std::string_view reason;
  std::string message;
  bool fail = false;  // the phase becomes Failed too, unless the pod has succeeded
};

// --- Jobs ---

// Replaces the status if the Job still has that version and UID.
struct UpdateJobStatus {
  meta::ObjectKey job;
  meta::Uid uid;
  meta::ResourceVersion version = 0;
  std::unique_ptr<batch::JobStatus> status;
};
struct DeleteJob {
  meta::ObjectKey job;
  meta::Uid uid;
  Propagation propagation = Propagation::kForeground;
};
struct RemoveJobFinalizer {
  meta::ObjectKey job;
  meta::Uid uid;
  std::string_view finalizer;
};
// Admits `job` as a request would be: defaults, selector, validation.
struct CreateJob {
  std::shared_ptr<const batch::Job> job;
};
// Replaces metadata and spec if the Job still has the version that `job` has.
struct UpdateJob {
  std::shared_ptr<const batch::Job> job;
};
// A merge patch of two fields, whatever the Job's version is.
struct ResizeJob {
  meta::ObjectKey job;
  meta::Uid uid;
  std::optional<std::int32_t> parallelism;
  std::optional<std::int32_t> completions;
};

// --- JobSets, and what they own beside Jobs ---

struct UpdateJobSetStatus {
  meta::ObjectKey jobset;
  meta::Uid uid;
  meta::ResourceVersion version = 0;
  std::unique_ptr<jobset::JobSetStatus> status;
};
struct DeleteJobSet {
  meta::ObjectKey jobset;
  meta::Uid uid;
  Propagation propagation = Propagation::kForeground;
};
struct RemoveJobSetFinalizer {
  meta::ObjectKey jobset;
  meta::Uid uid;
  std::string_view finalizer;
};
struct CreateService {
  std::unique_ptr<core::Service> service;
};
struct DeleteService {
  meta::ObjectKey service;
  meta::Uid uid;
};
struct CreateClaim {
  std::unique_ptr<core::PersistentVolumeClaim> claim;
};
struct DeleteClaim {
  meta::ObjectKey claim;
  meta::Uid uid;
};

// Large payloads are held by pointer: every request takes as much memory as the largest alternative.
using Request =
    std::variant<CreatePod, DeletePod, RemovePodFinalizer, AdoptPod, ReleasePod, MarkDisrupted, UpdateJobStatus,
                 DeleteJob, RemoveJobFinalizer, CreateJob, UpdateJob, ResizeJob, UpdateJobSetStatus, DeleteJobSet,
                 RemoveJobSetFinalizer, CreateService, DeleteService, CreateClaim, DeleteClaim>;

// Where the answer to a request goes.
using Completion = std::function<void(const WriteResult&)>;

}  // namespace reprieve::world
