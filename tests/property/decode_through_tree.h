// What kube/decode.h says of an object, done the long way: the parsed tree is cut down, then bound. Tests and the
// fuzzer hold the reader of text against it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "admission/default_jobset.h"
#include "document/json.h"
#include "kube/decode.h"
#include "model/jobset.h"

namespace reprieve::testing {

using document::Value;

inline void DropManagedFields(Value& object) {
  if (Value* metadata = object.Find("metadata"); metadata != nullptr && metadata->IsObject()) {
    metadata->Remove("managedFields");
  }
}

inline void DropForeignAnnotations(Value& object) {
  Value* metadata = object.Find("metadata");
  Value* annotations = metadata == nullptr ? nullptr : metadata->Find("annotations");
  if (annotations == nullptr || !annotations->IsObject()) return;
  std::erase_if(annotations->members(), [](const Value::Member& member) {
    return member.key.find("batch.kubernetes.io/") == std::string::npos &&
           member.key.find("jobset.sigs.k8s.io/") == std::string::npos &&
           member.key.find("reprieve.dev/") == std::string::npos;
  });
}

inline void DropFromContainers(Value& status, std::string_view list) {
  Value* containers = status.Find(list);
  if (containers == nullptr || !containers->IsArray()) return;
  for (Value& container : containers->items()) {
    if (!container.IsObject()) continue;
    for (const char* member : {"image", "imageID", "containerID", "resources", "allocatedResources", "volumeMounts",
                               "user", "allocatedResourcesStatus"}) {
      container.Remove(member);
    }
  }
}

// As the API server would print what is kept of each.
inline std::string JobThroughTree(Value object) {
  DropManagedFields(object);
  batch::Job out;
  FromValue(object, out);
  if (!out.spec->pod_template.spec) {  // there is always one
    batch::JobSpec spec = *out.spec;
    spec.pod_template.spec = std::make_shared<const core::PodSpec>();
    out.spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  }
  return document::WriteJson(ToValue(out));
}

// REQUIRES: the object is one that the JobSet's definition admits.
inline std::string JobSetThroughTree(Value object) {
  DropManagedFields(object);
  admission::DefaultJobSet(object);
  jobset::JobSet out;
  FromValue(object, out);
  return document::WriteJson(ToValue(out)) + document::WriteJson(model::ToValue(out.spec));
}

inline std::string PodThroughTree(Value object) {
  DropManagedFields(object);
  DropForeignAnnotations(object);
  if (Value* status = object.Find("status"); status != nullptr && status->IsObject()) {
    DropFromContainers(*status, "containerStatuses");
    DropFromContainers(*status, "initContainerStatuses");
    for (const char* member : {"podIPs", "hostIPs", "qosClass", "hostIP", "podIP", "ephemeralContainerStatuses",
                               "resourceClaimStatuses", "observedGeneration"}) {
      status->Remove(member);
    }
  }
  const Value spec = object["spec"];
  Value kept = Value::MakeObject();
  for (const char* member : {"nodeSelector", "activeDeadlineSeconds", "restartPolicy"}) {
    if (const Value& value = spec[member]; !value.IsNull()) kept.Set(member, value);
  }
  if (object.IsObject()) object.Set("spec", std::move(kept));
  core::Pod out;
  FromValue(object, out);
  out.node_name = SharedString(spec["nodeName"].AsText());
  out.metadata.generate_name.TakeFrom(out.metadata.name);
  return document::WriteJson(ToValue(out));
}

inline std::string JobFromText(kube::Decoder& decoder, std::string_view text) {
  document::JsonCursor in(text);
  const batch::Job job = decoder.Job(in);
  in.End();
  return in.ok() ? document::WriteJson(ToValue(job)) : in.error();
}

inline std::string JobSetFromText(kube::Decoder& decoder, std::string_view text) {
  document::JsonCursor in(text);
  const jobset::JobSet jobset = decoder.JobSet(in);
  in.End();
  return in.ok() ? document::WriteJson(ToValue(jobset)) + document::WriteJson(model::ToValue(jobset.spec)) : in.error();
}

inline std::string PodFromText(kube::Decoder& decoder, std::string_view text) {
  document::JsonCursor in(text);
  const core::Pod pod = decoder.Pod(in);
  in.End();
  return in.ok() ? document::WriteJson(ToValue(pod)) : in.error();
}

// Through the tree, or why it is no JSON.
template <class Through>
std::string FromParsed(std::string_view text, const Through& through) {
  auto parsed = document::ParseJson(text);
  return parsed.ok() ? through(std::move(*parsed)) : parsed.error().message;
}

}  // namespace reprieve::testing
