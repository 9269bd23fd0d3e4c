// From the objects of an API server to what controllers look at, straight from their text. What nothing here reads is
// not kept: managedFields, the specs of pods but for their node selectors, images. What pods of one Job have in common
// they share, as in the local world: of 100,000 pods each has little of its own.
//
// The server has validated what it sends, so nothing here fails: what does not fit reads as its zero, and a text that
// is no JSON shows in the cursor. One owner, the loop's thread.
#pragma once

#include <memory>
#include <string>

#include "document/json_cursor.h"
#include "kube/made_before.h"
#include "kube/shared_parts.h"
#include "model/jobset.h"

namespace reprieve::kube {

class Decoder {
 public:
  using Cursor = document::JsonCursor;

  batch::Job Job(Cursor& in);
  // Defaults as JobSet's webhook does, which may not be installed.
  jobset::JobSet JobSet(Cursor& in);
  core::Pod Pod(Cursor& in);
  core::Service Service(Cursor& in);
  core::PersistentVolumeClaim Claim(Cursor& in);
  core::Node Node(Cursor& in);

 private:
  void ReadPodSpec(Cursor& in, core::Pod& out);
  void ReadPodStatus(Cursor& in, core::PodStatus& out);
  SharedVector<core::ContainerStatus> ReadContainers(Cursor& in);
  void ShareMetadata(meta::ObjectMeta& metadata);

  static constexpr std::size_t kTemplates = 64;
  static constexpr std::size_t kParts = 256;

  struct JobSetSpec {
    std::shared_ptr<const jobset::JobSetSpec> spec;
    std::shared_ptr<const document::Value> stored;
  };
  using PodSpecs = MadeBefore<std::shared_ptr<const core::PodSpec>>;
  MadeBefore<JobSetSpec> jobset_specs_{kTemplates};
  PodSpecs templates_{kTemplates};
  PodSpecs pod_specs_{kTemplates};
  MadeBefore<SharedVector<core::PodCondition>> conditions_{kParts};
  MadeBefore<SharedVector<core::ContainerStatus>> containers_{kParts};
  SeenBefore<SharedVector<meta::OwnerReference>> owners_{kParts};
  SeenBefore<meta::Finalizers> finalizers_{kTemplates};
  SeenBefore<SharedString> names_{kParts};  // of namespaces and nodes
  SharedLabels labels_;
  SharedLabels annotations_;
  std::string kept_;  // of the spec of the pod that is read
};

}  // namespace reprieve::kube
