#include "cli/exported.h"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace reprieve::cli {
namespace {

using document::Value;

constexpr std::string_view kJobName = "batch.kubernetes.io/job-name";
constexpr std::string_view kControllerUid = "batch.kubernetes.io/controller-uid";

void RemoveAll(Value& object, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) object.Remove(member);
}

void RemoveIfEmpty(Value& object, std::string_view member) {
  if (object[member].IsObject() && object[member].size() == 0) object.Remove(member);
}

void CleanMeta(Value& meta) {
  RemoveAll(meta, {"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                   "deletionGracePeriodSeconds", "managedFields", "selfLink", "ownerReferences"});
  if (Value* annotations = meta.Find("annotations")) {
    RemoveAll(*annotations, {"kubectl.kubernetes.io/last-applied-configuration", "batch.kubernetes.io/job-tracking",
                             "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
                             "volume.kubernetes.io/storage-provisioner",
                             "volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/selected-node"});
    RemoveIfEmpty(meta, "annotations");
  }
}

// The labels by which a Job finds its pods: without manualSelector the server generates them, and takes no others.
void CleanLabels(Value& object) {
  Value* meta = object.Find("metadata");
  Value* labels = meta != nullptr ? meta->Find("labels") : nullptr;
  if (labels == nullptr) return;
  RemoveAll(*labels, {"controller-uid", "job-name", kControllerUid, kJobName});
  RemoveIfEmpty(*meta, "labels");
}

bool IsGenerated(const Value& selector) {
  const auto& labels = selector["matchLabels"].members();
  return !labels.empty() && selector["matchExpressions"].size() == 0 &&
         std::all_of(labels.begin(), labels.end(), [](const Value::Member& label) {
           return label.key == kControllerUid || label.key == "controller-uid";
         });
}

void CleanJob(Value& job) {
  Value* spec = job.Find("spec");
  if (spec == nullptr || (*spec)["manualSelector"].AsBool()) return;
  if (IsGenerated((*spec)["selector"])) spec->Remove("selector");
  CleanLabels(job);
  if (Value* pod_template = spec->Find("template")) CleanLabels(*pod_template);
}

void CleanClaim(Value& claim) {
  if (Value* spec = claim.Find("spec")) spec->Remove("volumeName");
  if (Value* meta = claim.Find("metadata")) meta->Remove("finalizers");
}

}  // namespace

bool IsExported(const Value& object) {
  const Value& meta = object["metadata"];
  return !meta["uid"].IsEmpty() || !meta["resourceVersion"].IsEmpty() || !meta["managedFields"].IsEmpty();
}

Value WithoutServerFields(Value object) {
  const std::string kind = object["kind"].AsText();
  object.Remove("status");
  if (kind == "Job") CleanJob(object);
  if (kind == "PersistentVolumeClaim") CleanClaim(object);
  if (Value* meta = object.Find("metadata"); meta != nullptr) CleanMeta(*meta);
  return object;
}

}  // namespace reprieve::cli
