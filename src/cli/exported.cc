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

// What admission has added to a pod: its token, the tolerations that every pod gets, where it was placed.
void CleanPod(Value& pod) {
  constexpr std::string_view kTokenVolume = "kube-api-access-";
  if (Value* meta = pod.Find("metadata")) meta->Remove("finalizers");
  Value* spec = pod.Find("spec");
  if (spec == nullptr) return;
  RemoveAll(*spec,
            {"nodeName", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName", "imagePullSecrets"});
  const auto keep = [](Value& object, std::string_view list, const auto& wanted) {
    Value* old = object.Find(list);
    if (old == nullptr || !old->IsArray()) return;
    Value kept = Value::MakeArray();
    kept.set_mark(old->mark());
    for (Value& item : old->items()) {
      if (wanted(item)) kept.Append(std::move(item));
    }
    if (kept.size() == 0) {
      object.Remove(list);
    } else {
      *old = std::move(kept);
    }
  };
  const auto is_no_token = [&](const Value& item) { return !item["name"].AsText().starts_with(kTokenVolume); };
  keep(*spec, "volumes", is_no_token);
  for (const std::string_view list : {"initContainers", "containers"}) {
    Value* containers = spec->Find(list);
    if (containers == nullptr) continue;
    for (Value& container : containers->items()) keep(container, "volumeMounts", is_no_token);
  }
  keep(*spec, "tolerations", [](const Value& toleration) {
    const std::string& key = toleration["key"].AsText();
    const bool usual = key == "node.kubernetes.io/not-ready" || key == "node.kubernetes.io/unreachable";
    return !usual || toleration["tolerationSeconds"].AsText() != "300";
  });
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
  if (kind == "Pod") CleanPod(object);
  if (kind == "PersistentVolumeClaim") CleanClaim(object);
  if (Value* meta = object.Find("metadata"); meta != nullptr) CleanMeta(*meta);
  return object;
}

}  // namespace reprieve::cli
