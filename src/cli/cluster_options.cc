#include "cli/cluster_options.h"

#include "cli/verb_options.h"

namespace reprieve::cli {

void DeclareClusterOptions(VerbOptions& verb, ClusterOptions& options) {
  verb.Add("-n,--namespace", options.namespace_, "Of the cluster (default: the context's)").Value("NAME");
  verb.Add("--kubeconfig", options.access.kubeconfig,
           "How to reach the cluster (default: $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config)")
      .Value("FILE");
  verb.Add("--context", options.access.context, "A context of it (default: its current one)").Value("NAME");
}

}  // namespace reprieve::cli
