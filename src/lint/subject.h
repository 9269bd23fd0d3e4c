// What is looked at: a Job as it was admitted, or a JobSet with the Jobs that it makes.
//
// Plain values that refer to objects which live longer.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "document/value.h"
#include "lint/policy_reach.h"
#include "model/jobset.h"

namespace reprieve::lint {

// A backoffLimit that is no limit: the default of a Job with backoffLimitPerIndex.
inline constexpr std::int32_t kUnlimited = std::numeric_limits<std::int32_t>::max();

struct JobSubject {
  batch::Job job;                                // with all defaults
  const document::Value* written = nullptr;      // the Job, or the Job template, as in the manifest
  std::string prefix;                            // of its fields in the manifest: spec.replicatedJobs[0].template.
  const jobset::JobSet* jobset = nullptr;        // that makes it; null pointer: none
  const jobset::ReplicatedJob* group = nullptr;  // likewise
  PolicyReach reach;  // empty if there is no policy that asks for it: neither the Job's nor its JobSet's

  const batch::JobSpec& spec() const { return *job.spec; }
  const core::PodSpec& pod() const { return *spec().pod_template.spec; }
  const batch::PodFailurePolicy* policy() const {
    return spec().pod_failure_policy ? &*spec().pod_failure_policy : nullptr;
  }
  const document::Value& written_spec() const { return (*written)["spec"]; }
  // spec.podFailurePolicy.rules[1]
  std::string RuleField(std::size_t rule, std::string_view member = "") const {
    return Cat(prefix, "spec.podFailurePolicy.rules[", rule, "]", member);
  }
  std::string Field(std::string_view field) const { return Cat(prefix, field); }
};

struct JobSetSubject {
  const jobset::JobSet* jobset = nullptr;
  const document::Value* written = nullptr;
  std::vector<JobSubject> jobs;  // the first of each replicated job that has replicas

  const jobset::FailurePolicy* policy() const {
    return jobset->spec->failure_policy ? &*jobset->spec->failure_policy : nullptr;
  }
};

}  // namespace reprieve::lint
