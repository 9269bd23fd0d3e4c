#include "kube/decode.h"

#include <algorithm>
#include <utility>

#include "admission/default_jobset.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr std::size_t kRemembered = 16;

// Of a pod's annotations only those that controllers write are read.
bool IsOurs(std::string_view annotation) {
  return annotation.find("batch.kubernetes.io/") != std::string_view::npos ||
         annotation.find("jobset.sigs.k8s.io/") != std::string_view::npos ||
         annotation.find("reprieve.dev/") != std::string_view::npos;
}

void DropManagedFields(Value& object) {
  if (Value* metadata = object.Find("metadata"); metadata != nullptr && metadata->IsObject()) {
    metadata->Remove("managedFields");
  }
}

void DropForeignAnnotations(Value& object) {
  Value* metadata = object.Find("metadata");
  Value* annotations = metadata == nullptr ? nullptr : metadata->Find("annotations");
  if (annotations == nullptr || !annotations->IsObject()) return;
  std::erase_if(annotations->members(), [](const Value::Member& member) { return !IsOurs(member.key); });
}

void DropImages(Value& status, std::string_view list) {
  Value* containers = status.Find(list);
  if (containers == nullptr || !containers->IsArray()) return;
  for (Value& container : containers->items()) {
    if (!container.IsObject()) continue;
    for (const std::string_view member : {"image", "imageID", "containerID", "resources", "allocatedResources",
                                          "volumeMounts", "user", "allocatedResourcesStatus"}) {
      container.Remove(member);
    }
  }
}

// The least of a pod's spec and status that something reads.
void Slim(Value& pod) {
  if (Value* status = pod.Find("status"); status != nullptr && status->IsObject()) {
    DropImages(*status, "containerStatuses");
    DropImages(*status, "initContainerStatuses");
    for (const std::string_view member :
         {"podIPs", "hostIPs", "qosClass", "hostIP", "podIP", "ephemeralContainerStatuses", "resourceClaimStatuses",
          "observedGeneration"}) {
      status->Remove(member);
    }
  }
}

}  // namespace

template <class T>
std::shared_ptr<const T> Decoder::Share(const Value& value, std::deque<Shared<T>>& known) {
  const auto at = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.value == value; });
  if (at != known.end()) return at->made;
  if (known.size() >= kRemembered) known.pop_front();
  return known.emplace_back(Shared<T>{value, std::make_shared<const T>(model::Bind<T>(value))}).made;
}

batch::Job Decoder::Job(Value object) {
  DropManagedFields(object);
  batch::Job out;
  Value pod_spec;
  Value* spec = object.Find("spec");
  Value* pod_template = spec == nullptr ? nullptr : spec->Find("template");
  if (pod_template != nullptr && pod_template->Find("spec") != nullptr) {
    pod_spec = std::move(*pod_template->Find("spec"));
    pod_template->Set("spec", Value::MakeObject());
  }
  FromValue(object, out);
  auto shared = std::make_shared<batch::JobSpec>(*out.spec);
  shared->pod_template.spec = Share(pod_spec, templates_);
  out.spec = std::move(shared);
  return out;
}

jobset::JobSet Decoder::JobSet(Value object) {
  DropManagedFields(object);
  admission::DefaultJobSet(object);
  jobset::JobSet out;
  FromValue(object, out);
  return out;
}

core::Pod Decoder::Pod(Value object) {
  DropManagedFields(object);
  DropForeignAnnotations(object);
  Slim(object);
  const Value spec = std::exchange(object.At("spec"), Value::MakeObject());
  core::Pod out;
  FromValue(object, out);
  Value kept = Value::MakeObject();
  for (const std::string_view member : {"nodeSelector", "activeDeadlineSeconds", "restartPolicy"}) {
    if (const Value& value = spec[member]; !value.IsNull()) kept.Set(member, value);
  }
  out.spec = Share(kept, pod_specs_);
  out.node_name = SharedString(spec["nodeName"].AsText());
  return out;
}

core::Service Decoder::Service(Value object) {
  DropManagedFields(object);
  object.Remove("spec");
  core::Service out;
  FromValue(object, out);
  return out;
}

core::PersistentVolumeClaim Decoder::Claim(Value object) {
  DropManagedFields(object);
  object.Remove("spec");
  core::PersistentVolumeClaim out;
  FromValue(object, out);
  return out;
}

core::Node Decoder::Node(Value object) {
  DropManagedFields(object);
  core::Node out;
  meta::FromValue(object["metadata"], out.metadata);
  out.metadata.annotations = {};
  return out;
}

}  // namespace reprieve::kube
