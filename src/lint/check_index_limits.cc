// RP019, RP020: backoffLimitPerIndex, maxFailedIndexes and FailIndex.
#include <algorithm>
#include <limits>

#include "lint/checks.h"

namespace reprieve::lint {
namespace {

void Contradictions(const JobSubject& job, Findings& out) {
  const batch::JobSpec& spec = job.spec();
  const std::int64_t per_index = *spec.backoff_limit_per_index;
  const std::int64_t limit = spec.backoff_limit.value_or(std::numeric_limits<std::int32_t>::max());
  if (limit <= per_index) {
    out.Add(Code::kContradictingIndexLimits, job.Field("spec.backoffLimit"),
            Cat("The Job ends at its failure number ", limit + 1, ", so no index ever has the ", per_index + 1,
                " failures that backoffLimitPerIndex ", per_index, " allows it."),
            "Remove backoffLimit, which is unlimited beside backoffLimitPerIndex, or raise it.");
  }
  if (spec.max_failed_indexes && spec.completions && *spec.max_failed_indexes >= *spec.completions) {
    out.Add(Code::kContradictingIndexLimits, job.Field("spec.maxFailedIndexes"),
            Cat("A Job of ", *spec.completions, " indexes never has more than ", *spec.max_failed_indexes,
                " failed ones, so this limit is never met."),
            "Lower it, or remove it.", Severity::kInfo);
  }
  const auto* policy = job.policy();
  if (policy == nullptr) return;
  for (std::size_t r = 0; r < policy->rules.size(); ++r) {
    if (policy->rules[r].action != batch::FailureAction::kFailIndex || job.reach.rules[r].decides.empty()) continue;
    if (spec.max_failed_indexes == 0 || spec.completions == 1) {
      out.Add(Code::kContradictingIndexLimits, job.RuleField(r, ".action"),
              Cat("FailIndex gives up one index and lets the others go on, but ",
                  spec.max_failed_indexes == 0 ? "maxFailedIndexes 0 ends the Job at the first failed index."
                                               : "this Job has only one index."),
              spec.max_failed_indexes == 0 ? "Raise maxFailedIndexes, or write FailJob." : "Write FailJob.");
    } else if (per_index == 0) {
      out.Add(Code::kContradictingIndexLimits, job.RuleField(r, ".action"),
              Cat("With backoffLimitPerIndex 0 every counted failure fails its index, so rule ", r + 1,
                  " changes nothing."),
              "Raise backoffLimitPerIndex for the failures that are worth a retry, or remove the rule.",
              Severity::kInfo);
    }
  }
}

}  // namespace

void CheckIndexLimits(const JobSubject& job, Findings& out) {
  const batch::JobSpec& spec = job.spec();
  if (!spec.backoff_limit_per_index) return;
  if (job.pod().restart_policy == core::RestartPolicy::kOnFailure) {
    out.Add(Code::kIndexLimitUnderOnFailure, job.Field("spec.backoffLimitPerIndex"),
            "Under restartPolicy OnFailure containers restart in their pod without end, so no pod fails and no index "
            "ever reaches this limit.",
            "Set restartPolicy: Never.");
    return;
  }
  Contradictions(job, out);
}

}  // namespace reprieve::lint
