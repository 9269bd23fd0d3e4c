#include "kube/decode.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "admission/default_jobset.h"
#include "base/text.h"
#include "model/read.h"

namespace reprieve::kube {
namespace {

using document::JsonCursor;
using document::Value;

constexpr std::array<std::string_view, 8> kPodStatusDropped = {"podIPs",
                                                               "hostIPs",
                                                               "qosClass",
                                                               "hostIP",
                                                               "podIP",
                                                               "ephemeralContainerStatuses",
                                                               "resourceClaimStatuses",
                                                               "observedGeneration"};
constexpr std::array<std::string_view, 8> kContainerDropped = {"image",
                                                               "imageID",
                                                               "containerID",
                                                               "resources",
                                                               "allocatedResources",
                                                               "volumeMounts",
                                                               "user",
                                                               "allocatedResourcesStatus"};

bool IsIn(const auto& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Of a pod's annotations only those that controllers write are read.
bool IsOurs(std::string_view annotation) {
  return annotation.find("batch.kubernetes.io/") != std::string_view::npos ||
         annotation.find("jobset.sigs.k8s.io/") != std::string_view::npos ||
         annotation.find("reprieve.dev/") != std::string_view::npos;
}

void DropForeign(meta::Labels& annotations) {
  meta::Labels::Entries entries = annotations.All();
  if (std::erase_if(entries, [](const auto& entry) { return !IsOurs(entry.first); }) == 0) return;
  annotations = meta::Labels(SharedVector(std::move(entries)));
}

// Calls `read(key)` for each member, which reads it.
template <class Read>
void ForEachMember(JsonCursor& in, const Read& read) {
  if (!in.BeginObject()) return;
  std::string_view key;
  while (in.NextMember(key)) read(key);
}

void ReadMetadata(JsonCursor& in, meta::ObjectMeta& out) {
  out = {};
  meta::Read(in, out, {"managedFields"});
}

// An object of which only the metadata is kept.
template <class T>
T MetadataOf(JsonCursor& in) {
  T out;
  ForEachMember(in, [&](std::string_view key) { key == "metadata" ? ReadMetadata(in, out.metadata) : in.Skip(); });
  return out;
}

std::shared_ptr<const core::PodSpec> MakePodSpec(JsonCursor& in) {
  auto out = std::make_shared<core::PodSpec>();
  model::Read(in, *out);
  return out;
}

std::size_t HashOf(const SharedString& text) {
  return std::hash<SharedString>()(text);
}

}  // namespace

batch::Job Decoder::Job(JsonCursor& in) {
  batch::Job out;
  batch::JobSpec spec;
  std::string_view pod_spec = "null";
  const auto read_template = [&](std::string_view name) {
    if (name != "template") return false;
    spec.pod_template = {};
    pod_spec = "null";
    model::ReadMembers(in, spec.pod_template, [&](std::string_view key) {
      if (key != "spec") return false;
      pod_spec = in.Raw();
      return true;
    });
    return true;
  };
  ForEachMember(in, [&](std::string_view key) {
    if (key == "metadata") {
      ReadMetadata(in, out.metadata);
    } else if (key == "spec") {
      spec = {};
      pod_spec = "null";
      model::ReadMembers(in, spec, read_template);
    } else if (key == "status") {
      out.status = {};
      model::Read(in, out.status);
    } else {
      in.Skip();
    }
  });
  if (in.ok()) spec.pod_template.spec = templates_.Of(pod_spec, MakePodSpec);
  out.spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  return out;
}

// A spec that is the same as before is the very same: what follows from it need not be found out again.
jobset::JobSet Decoder::JobSet(JsonCursor& in) {
  jobset::JobSet out;
  std::string_view spec = "null";
  ForEachMember(in, [&](std::string_view key) {
    if (key == "metadata") {
      ReadMetadata(in, out.metadata);
    } else if (key == "spec") {
      spec = in.Raw();
    } else if (key == "status") {
      out.status = {};
      model::Read(in, out.status);
    } else {
      in.Skip();
    }
  });
  if (!in.ok()) return out;
  const JobSetSpec made = jobset_specs_.Of(spec, [](JsonCursor& text) {
    Value object = Value::MakeObject();
    object.Set("spec", text.ReadValue());
    admission::DefaultJobSet(object);
    jobset::JobSet whole;
    FromValue(object, whole);
    return JobSetSpec{whole.spec, whole.stored_spec};
  });
  out.spec = made.spec;
  out.stored_spec = made.stored;
  return out;
}

core::Pod Decoder::Pod(JsonCursor& in) {
  core::Pod out;
  kept_ = "{}";
  ForEachMember(in, [&](std::string_view key) {
    if (key == "metadata") {
      ReadMetadata(in, out.metadata);
    } else if (key == "spec") {
      ReadPodSpec(in, out);
    } else if (key == "status") {
      ReadPodStatus(in, out.status);
    } else {
      in.Skip();
    }
  });
  DropForeign(out.metadata.annotations);
  ShareMetadata(out.metadata);
  names_.Share(HashOf(out.node_name), out.node_name);
  out.spec = pod_specs_.Of(kept_, MakePodSpec);
  return out;
}

// Leaves the JSON of what is kept of it in kept_.
void Decoder::ReadPodSpec(JsonCursor& in, core::Pod& out) {
  std::string_view node_selector;
  std::string_view deadline;
  std::string_view restart_policy;
  out.node_name = {};
  ForEachMember(in, [&](std::string_view key) {
    if (key == "nodeSelector") {
      node_selector = in.Raw();
    } else if (key == "activeDeadlineSeconds") {
      deadline = in.Raw();
    } else if (key == "restartPolicy") {
      restart_policy = in.Raw();
    } else if (key == "nodeName") {
      out.node_name = in.ReadText();
    } else {
      in.Skip();
    }
  });
  kept_ = "{";
  const auto keep = [&](std::string_view name, std::string_view text) {
    if (!text.empty() && text != "null") AppendTo(kept_, kept_.size() == 1 ? "\"" : ",\"", name, "\":", text);
  };
  keep("nodeSelector", node_selector);
  keep("activeDeadlineSeconds", deadline);
  keep("restartPolicy", restart_policy);
  kept_ += '}';
}

void Decoder::ReadPodStatus(JsonCursor& in, core::PodStatus& out) {
  out = {};
  model::ReadMembers(in, out, [&](std::string_view key) {
    if (key == "conditions") {
      out.conditions = conditions_.Of(in.Raw(), [](JsonCursor& text) {
        SharedVector<core::PodCondition> made;
        model::Read(text, made);
        return made;
      });
    } else if (key == "containerStatuses") {
      out.container_statuses = ReadContainers(in);
    } else if (key == "initContainerStatuses") {
      out.init_container_statuses = ReadContainers(in);
    } else if (IsIn(kPodStatusDropped, key)) {
      in.Skip();
    } else {
      return false;
    }
    return true;
  });
}

SharedVector<core::ContainerStatus> Decoder::ReadContainers(JsonCursor& in) {
  return containers_.Of(in.Raw(), [](JsonCursor& text) {
    std::vector<core::ContainerStatus> made;
    if (text.BeginArray()) {
      while (text.NextItem()) {
        model::ReadMembers(text, made.emplace_back(), [&](std::string_view key) {
          if (!IsIn(kContainerDropped, key)) return false;
          text.Skip();
          return true;
        });
      }
    }
    made.shrink_to_fit();
    return SharedVector(std::move(made));
  });
}

void Decoder::ShareMetadata(meta::ObjectMeta& metadata) {
  metadata.generate_name.TakeFrom(metadata.name);
  names_.Share(HashOf(metadata.namespace_), metadata.namespace_);
  labels_.Share(metadata.labels);
  annotations_.Share(metadata.annotations);
  if (!metadata.owner_references.empty()) {
    owners_.Share(HashOf(metadata.owner_references.front().uid), metadata.owner_references);
  }
  if (!metadata.finalizers.empty()) {
    finalizers_.Share(std::hash<std::string>()(metadata.finalizers.names().front()), metadata.finalizers);
  }
}

core::Service Decoder::Service(JsonCursor& in) {
  return MetadataOf<core::Service>(in);
}

core::PersistentVolumeClaim Decoder::Claim(JsonCursor& in) {
  return MetadataOf<core::PersistentVolumeClaim>(in);
}

core::Node Decoder::Node(JsonCursor& in) {
  auto out = MetadataOf<core::Node>(in);
  out.metadata.annotations = {};
  return out;
}

}  // namespace reprieve::kube
