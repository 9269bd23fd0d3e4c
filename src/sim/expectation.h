// Expectations: what must hold at the end of a case of a policy test, written as a sentence.
//
//   JobSet train completes by 2m
//   Job train fails by 30s because PodFailurePolicy
//   Job train does not end
//   restarts of train are 1 and 0 count
//   failures of train are 2
//   failed indexes of train are 1,3-5
//   rule 2 of train decides
//   rule 2 of train decides 3 times
//   no rule of train decides
//   no pod starts after 12s
//   pod workers-0-1 starts 2 times
//
//   expectation = KIND NAME ("completes" | "fails") ["by" T] ["because" REASON]
//               | KIND NAME "does not end" ["by" T]
//               | KIND NAME "is gone" ["by" T]                        deleted, by its TTL or by a user
//               | KIND NAME "is suspended"
//               | "restarts of" JOBSET "are" N ["and" M "count"]      M of them count against maxRestarts
//               | ("failures" | "successes" | "pods" | "retries") "of" NAME "are" N
//               | ("failed" | "completed") "indexes of" JOB "are" (LIST | "none")
//               | "rule" N "of" NAME ("decides" [K "times"] | "never decides")     rules count from 1
//               | "no rule of" NAME "decides"
//               | "no pod" ["of" NAME] ("starts" | "is created") "after" T
//               | "pod" NAME ("starts" ["by" T | K "times"] | "never starts")
//   KIND        = "Job" | "JobSet"
//   REASON      = the condition's reason, or the action of the rule that decided
//
// NAME of a rule: a Job, all Jobs of a replicated job, or a JobSet, whose own failure policy is meant then.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "sim/case_history.h"
#include "world/api.h"

namespace reprieve::sim {

struct Expectation {
  enum class What : std::uint8_t {
    kCompletes,
    kFails,
    kDoesNotEnd,
    kIsGone,
    kIsSuspended,
    kRestarts,
    kFailures,
    kSuccesses,
    kPods,
    kRetries,
    kFailedIndexes,
    kCompletedIndexes,
    kRuleDecides,
    kRuleNeverDecides,
    kNoRuleDecides,
    kNoPodStarts,
    kNoPodIsCreated,
    kPodStarts,
    kPodNeverStarts,
  };
  What what = What::kCompletes;
  std::string text;  // as it was given
  world::Kind kind = world::Kind::kJob;
  std::string name;               // of the Job, JobSet or pod; empty: all
  std::size_t name_at = 0;        // where in `text` it begins
  std::optional<Nanoseconds> by;  // or after: since the beginning
  std::string reason;             // empty: any
  std::int32_t rule = 0;          // counts from 1
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> counted;  // of the restarts
  std::string indexes;                  // in the form of a Job's status
};

using ExpectationError = world::IncidentError;

[[nodiscard]] std::variant<Expectation, ExpectationError> ParseExpectation(std::string_view text);

// Why it does not hold: what is so instead. nullopt: it holds.
[[nodiscard]] std::optional<std::string> Unmet(const Expectation& expectation, const CaseHistory& history);

}  // namespace reprieve::sim
