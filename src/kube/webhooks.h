// Webhooks: the answers to an API server's AdmissionReviews about JobSets, their pods, and Jobs.
//
//   /mutate-jobset-x-k8s-io-v1alpha2-jobset     defaults of new JobSets
//   /validate-jobset-x-k8s-io-v1alpha2-jobset   their validation, and that of updates
//   /mutate--v1-pod, /validate--v1-pod          exclusive placement of the pods of JobSets
//   /mutate-batch-v1-job                        spec.managedBy of new Jobs that name no manager
//
// Paths are upstream's but for the last, which is called only where the configuration says so. Pods and nodes are those
// that the watches have shown; claims are asked for.
//
// Source: spec/jobset.md 1.4 to 1.7, 4. Thread rules: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "controllers/jobset/placement.h"
#include "kube/admission_review.h"
#include "kube/cache.h"
#include "kube/leader_pods.h"
#include "kube/rest.h"
#include "model/feature_gates.h"
#include "net/server.h"

namespace reprieve::kube {

class Webhooks {
 public:
  // All must outlive it.
  Webhooks(Rest& rest, const LeaderPods& leaders, const Cache<core::Node>& nodes, model::FeatureGates gates);
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;
  ~Webhooks() { *alive_ = false; }

  // As net::Server calls it.
  void Serve(const net::Request& request, net::Server::Respond respond);

  // By path and code of the answer: 200, or the code of a denial.
  const std::map<std::pair<std::string, int>, std::uint64_t>& requests() const { return requests_; }

 private:
  using Reply = std::function<void(const AdmissionResponse&)>;
  struct Claims;

  // Whether there is such a path; `reply` is called once, perhaps later.
  bool Answer(std::string_view path, AdmissionRequest request, Reply reply);
  AdmissionResponse MutateJobSet(const AdmissionRequest& request) const;
  void ValidateJobSet(std::shared_ptr<AdmissionRequest> request, Reply reply);
  void Validate(const Claims& claims);
  void FindClaims(const std::shared_ptr<Claims>& claims);
  AdmissionResponse Pod(const AdmissionRequest& request, bool mutate) const;
  static AdmissionResponse MutateJob(const AdmissionRequest& request);

  Rest& rest_;
  const LeaderPods& leaders_;
  const Cache<core::Node>& nodes_;
  const model::FeatureGates gates_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::kube
