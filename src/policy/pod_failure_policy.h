// The pod failure policy: what one failed pod means for its Job.
//
// Source: KEP-3329; spec/job.md 3.  Pure: no I/O, no clock, no lock; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "model/batch.h"

namespace reprieve::policy {

// A container's exit code that a rule asked for.
struct ExitCodeEvidence {
  SharedString container;
  std::int32_t exit_code = 0;
  bool operator==(const ExitCodeEvidence&) const = default;
};

// A condition of the pod that a rule asked for.
struct ConditionEvidence {
  SharedString type;
  bool operator==(const ConditionEvidence&) const = default;
};

struct RuleMatch {
  std::int32_t rule = 0;  // counts from 0, as upstream's messages do
  std::variant<ExitCodeEvidence, ConditionEvidence> evidence;
  document::Mark mark;  // the rule's place in the user's file
};

// Why a failed pod was judged as it was. A failure that no rule matches is counted.
struct PodVerdict {
  batch::FailureAction action = batch::FailureAction::kCount;
  std::optional<RuleMatch> match;  // absent: no rule matched

  // An ignored failure reaches neither `failed` nor the back-off limits (spec/job.md 3.6).
  bool counts() const { return action != batch::FailureAction::kIgnore; }
};

// Judges `pod` by the rules in their order; the first that matches decides. Looks at the container statuses and the
// conditions only: the caller decides whether the pod has failed.
[[nodiscard]] PodVerdict JudgePod(const batch::PodFailurePolicy& policy, const core::Pod& pod);
// Without a policy every failure counts.
[[nodiscard]] PodVerdict JudgePod(const std::optional<batch::PodFailurePolicy>& policy, const core::Pod& pod);

// The message of the conditions FailureTarget and Failed (spec/job.md 3.5). REQUIRES: verdict.match.
std::string FailJobMessage(const PodVerdict& verdict, const core::Pod& pod);

}  // namespace reprieve::policy
