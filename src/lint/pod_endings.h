// The ways in which a pod of a Job can fail, as the pod objects that a policy is asked about.
//
// Source: spec/job.md 4.1 to 4.4. Exit codes that no rule tells apart are the same to every rule: of those one stands
// for all. That what is found with these endings is what is found with all 255 codes is tested against brute force.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"

namespace reprieve::lint {

inline constexpr std::int32_t kKilled = 137;      // SIGKILL: out of memory, or SIGTERM was not handled
inline constexpr std::int32_t kTerminated = 143;  // SIGTERM
inline constexpr std::int32_t kGreatestExitCode = 255;

enum class EndingKind : std::uint8_t {
  kExit,        // a container exits by itself
  kDisruption,  // the cluster takes the pod away: preemption, drain, taint, node pressure, shutdown, a lost node
  kStopped,     // ended for another reason: its own deadline, a limit of storage, a user
  kRejected,    // it never ran
};

struct PodEnding {
  EndingKind kind = EndingKind::kExit;
  core::Pod pod;
  std::size_t container = 0;   // that `exit_code` is of: of init containers first; meaningless if that is 0
  std::int32_t exit_code = 0;  // of the container that this ending is about; 0: none
  std::string_view sidecar;    // that ended too, with `sidecar_code`; empty: none that matters
  std::int32_t sidecar_code = 0;

  bool disrupted() const { return kind == EndingKind::kDisruption; }
};

// One that stands for some.
struct CodeClass {
  std::int32_t code = 0;
  std::int32_t size = 1;  // how many codes it stands for
};

// The codes 1 to 255 as the rules of the policy and the containers' restart rules tell them apart, and apart from that
// those that signals and shells give.
std::vector<CodeClass> CodeClasses(const batch::JobSpec& spec);

// How pods of the Job can fail, with these exit codes.
std::vector<PodEnding> PodEndings(const core::PodSpec& pod, const std::vector<CodeClass>& codes);

// Conditions that Kubernetes gives pods; with the status that each can have when a pod has failed.
struct KnownCondition {
  std::string_view type;
  bool can_be_true = false;
  bool can_be_false = false;
};
const std::vector<KnownCondition>& KnownConditions();

}  // namespace reprieve::lint
