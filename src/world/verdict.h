// Verdict: why a policy chose as it did. The one value that progress lines, events, summaries, JSON and tests print.
//
// A plain value. REQUIRES nothing of the reader but kubectl's words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_string.h"
#include "base/time.h"
#include "document/value.h"

namespace reprieve::world {

// The rule of the user's file that decided.
struct RuleReference {
  std::int32_t index = 0;  // counts from 0, as upstream's messages do; people read index + 1
  SharedString action;
  SharedString file;  // empty: the object came from no file
  std::uint32_t line = 0;
  SharedString name{};     // that the user gave it; empty: none, or rules have no names
  SharedString matched{};  // what of it fits: "reason PodFailurePolicy"; empty: it asks for nothing, or `facts` say it
};

// Another try of a failed pod.
struct Retry {
  std::int32_t number = 0;  // this one, of `limit`; 0: the failure does not count
  std::int32_t limit = 0;
  std::int32_t index = -1;  // the completion index whose limit it is; -1: the Job's
};

// Another run of a JobSet's Jobs, or of one of them.
struct Restart {
  bool counted = false;  // against maxRestarts
  bool one_job = false;  // of the Job that the verdict is about, by RestartJob
};

struct Verdict {
  Time at;
  SharedString namespace_;
  SharedString jobset;                // empty: the judgement of a Job
  SharedString job;                   // of a JobSet's judgement: the Job that it is about; empty: none
  SharedString pod;                   // empty: about the Job itself
  SharedString facts;                 // what was looked at: "exited 42 in container main"
  SharedString container{};           // whose exit that was; empty: no container's
  std::int32_t exit_code = 0;         // of that container
  SharedString message{};             // its termination message, whole
  std::optional<RuleReference> rule;  // absent: no rule matched, or the policy has no rules
  SharedString action;                // Count, Ignore, FailIndex, FailJob; for a Job: the reason of its end
  std::int32_t failed_before = 0;     // the Job's counted failures before and after
  std::int32_t failed_after = 0;
  std::optional<Retry> retry;       // what follows, if it is that
  std::optional<Restart> restart;   // or that, by a JobSet's failure policy
  SharedString consequence;         // else what follows: "Job train failed: PodFailurePolicy"
  std::optional<Nanoseconds> wait;  // from `at` until the retry or the restart may begin
  bool ends = false;                // the Job or JobSet ends with it
  // What brought it about: the verdict that ended the Job, for a JobSet's. Null: unknown, or nothing.
  std::shared_ptr<const Verdict> cause;
};

// train-3 exited 42 in container main → rule 2 FailJob (job.yaml:23) → Job train failed: PodFailurePolicy
// A JobSet's begins with its cause:
// train-w-0-1-x2x4z exited 42 in container main → rule 1 FailJob (t.yaml:30) → Job train-w-0 failed: PodFailurePolicy →
// JobSet train: rule 1 RestartJobSet (t.yaml:9), network, by reason PodFailurePolicy → restart 1 of JobSet train, 1 of
// 3 used
std::string Describe(const Verdict& verdict);
// The same, step by step.
enum class StepKind : std::uint8_t { kFacts, kRule, kConsequence };
struct Step {
  StepKind kind = StepKind::kFacts;
  std::string text;
};
std::vector<Step> StepsOf(const Verdict& verdict);
// The last part of it: "retry 1 of 3 in 20s".
std::string ConsequenceOf(const Verdict& verdict);
document::Value ToValue(const Verdict& verdict);
// A JSON number with thousandths.
document::Value InSeconds(Nanoseconds duration);

}  // namespace reprieve::world
