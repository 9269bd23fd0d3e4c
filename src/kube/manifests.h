// What is installed into a cluster for the controller: its rights and its Deployment, as values.
//
// The rights are exactly what cluster_world.h asks for; tests/cluster runs with them alone. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"

namespace reprieve::kube {

struct ManifestOptions {
  std::string install_namespace = "jobset-system";  // where the controller runs, and its Lease is
  std::string only_namespace;                       // whose objects it may touch; empty: all
  std::string image = "reprieve:latest";
  std::int32_t replicas = 2;
  bool shadow = false;       // it only looks
  bool webhooks = false;     // it serves them, with certificates of its own
  bool manage_jobs = false;  // a webhook sets spec.managedBy in namespaces that are labelled so
};

// Of namespaces: Jobs that name no manager are ours.
inline constexpr std::string_view kManageJobsLabel = "reprieve.dev/manage-jobs";

// ServiceAccount, ClusterRole or Role, and their bindings.
[[nodiscard]] std::vector<document::Value> RbacManifests(const ManifestOptions& options);
// The Service, and the webhook configurations with upstream's names and paths. Without a caBundle, which the controller
// writes.
[[nodiscard]] std::vector<document::Value> WebhookManifests(const ManifestOptions& options);
// Namespace, Deployment, PodDisruptionBudget.
[[nodiscard]] std::vector<document::Value> DeploymentManifests(const ManifestOptions& options);

}  // namespace reprieve::kube
