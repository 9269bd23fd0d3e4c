// --kubeconfig, --context and --namespace, the same for every verb that looks at a cluster once.
#pragma once

#include <string>

#include "kube/access.h"

namespace reprieve::cli {

class VerbOptions;

struct ClusterOptions {
  kube::AccessOptions access;
  std::string namespace_;  // empty: the context's
};

void DeclareClusterOptions(VerbOptions& verb, ClusterOptions& options);

}  // namespace reprieve::cli
