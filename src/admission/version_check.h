// What servers of the named versions make of a manifest's fields that not every version serves, and the manifest that
// is left once they have dropped what they drop.
//
// Source: model/versions.h. A field of a JobSet's Job templates meets two servers: JobSet's definition, which has the
// fields of one version of Kubernetes, and the API server that its Jobs are created on. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"
#include "model/feature_gates.h"
#include "model/jobset_version.h"
#include "model/kubernetes_version.h"
#include "model/versions.h"

namespace reprieve::admission {

struct ServerVersions {
  model::KubernetesVersion kubernetes;
  model::JobSetVersion jobset;
  model::FeatureGates gates;  // JobSet's; those of Kubernetes are as they are by default
};

struct VersionFinding {
  std::string field;  // spec.template.spec.hostUsers
  model::Treatment treatment = model::Treatment::kServed;
  std::string
      message;  // Kubernetes 1.31 drops this field unless the gate UserNamespacesSupport is on (beta there, ...)

  // What is dropped without a word is accepted.
  bool is_error() const { return treatment != model::Treatment::kDropped; }
};

struct VersionCheck {
  std::vector<VersionFinding> findings;  // what is unknown first; none for what is served
  document::Value object;                // without what is dropped or unknown
};

// `manifest`: an object as it was written; ConfigMaps and Secrets have nothing that could be found. Not found either is
// what CreateJobSet refuses with the same gates.
[[nodiscard]] VersionCheck CheckVersions(const document::Value& manifest, const ServerVersions& servers);

}  // namespace reprieve::admission
