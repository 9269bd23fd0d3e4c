// What is installed into a cluster for the controller: its rights and its Deployment, as values.
//
// The rights are exactly what cluster_world.h asks for; tests/cluster runs with them alone. Pure.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace reprieve::kube {

struct ManifestOptions {
  std::string install_namespace = "jobset-system";  // where the controller runs, and its Lease is
  std::string only_namespace;                       // whose objects it may touch; empty: all
  std::string image = "reprieve:latest";
  std::int32_t replicas = 2;
};

// ServiceAccount, ClusterRole or Role, and their bindings.
[[nodiscard]] std::vector<document::Value> RbacManifests(const ManifestOptions& options);
// Namespace, Deployment, PodDisruptionBudget.
[[nodiscard]] std::vector<document::Value> DeploymentManifests(const ManifestOptions& options);

}  // namespace reprieve::kube
