#include "cli/cluster_options.h"

#include <CLI/CLI.hpp>

namespace reprieve::cli {

void DeclareClusterOptions(CLI::App& verb, ClusterOptions& options) {
  verb.add_option("-n,--namespace", options.namespace_, "Of the cluster (default: the context's)")->option_text("NAME");
  verb.add_option("--kubeconfig", options.access.kubeconfig,
                  "How to reach the cluster (default: $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config)")
      ->option_text("FILE");
  verb.add_option("--context", options.access.context, "A context of it (default: its current one)")
      ->option_text("NAME");
}

}  // namespace reprieve::cli
