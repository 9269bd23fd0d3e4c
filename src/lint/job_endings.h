// The ways in which a Job of a JobSet can fail, as the failure policy of the JobSet sees them: reason and message.
//
// Source: spec/job.md 2.7, 2.16, 3.5; the messages of FailJob rules come from the policy core. Pure; safe from any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lint/subject.h"
#include "policy/jobset_failure_policy.h"

namespace reprieve::lint {

struct JobEnding {
  std::string_view reason;
  std::string message;
  bool by_program = false;  // a program's own exit code can bring it, without any disruption
};

// `pods`: names of pods to form messages with, as namespace and name; at least one.
struct PodName {
  std::string name_space;
  std::string name;
};
std::vector<JobEnding> JobEndings(const JobSubject& job, const std::vector<PodName>& pods);

// A name of a pod that the Job can have.
PodName APodName(const JobSubject& job);

// How the Job ends if a pod of it ends so and that ends the Job; empty reason: it goes on.
JobEnding EndBy(const JobSubject& job, std::size_t pod_ending);

// Whether it makes a difference that this ending of a pod fails the Job by a rule, where it would be counted else.
// REQUIRES: a FailJob rule decides it.
bool FailJobMatters(const JobSubject& job, std::size_t pod_ending);

// As the JobSet's failure policy sees it. The ending and the Job must live longer.
policy::FailedJob AsFailedJob(const JobSubject& job, const JobEnding& ending);

}  // namespace reprieve::lint
