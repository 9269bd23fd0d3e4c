// --kubeconfig, --context and --namespace, the same for every verb that looks at a cluster once.
#pragma once

#include <string>

#include "kube/access.h"

namespace CLI {
class App;
}

namespace reprieve::cli {

struct ClusterOptions {
  kube::AccessOptions access;
  std::string namespace_;  // empty: the context's
};

void DeclareClusterOptions(CLI::App& verb, ClusterOptions& options);

}  // namespace reprieve::cli
