// The JobSet failure policy: what failed child Jobs mean for their JobSet.
//
// Source: spec/jobset.md 3.2, 3.3; KEP-262. Pure: no I/O, no clock, no lock; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "model/jobset.h"

namespace reprieve::policy {

// A child Job whose condition Failed is True.
struct FailedJob {
  std::string_view name;
  std::string_view replicated_job;  // its label; empty: no rule can match
  std::string_view reason;          // of the condition
  std::string_view message;         // of the condition
  std::optional<Time> failed_at;    // the condition's transition; absent sorts first
};

// One decision: this rule (absent: the default action) applies because of that Job.
struct JobSetFailure {
  std::size_t job = 0;  // position in `failed`
  std::optional<std::int32_t> rule;
  jobset::FailureAction action = jobset::FailureAction::kRestartJobSet;
};

// A failure policy with its patterns compiled.
class JobSetFailureJudge {
 public:
  JobSetFailureJudge() = default;
  explicit JobSetFailureJudge(const jobset::FailurePolicy& policy);

  // The decisions in order: by rule, and within a rule the earliest failure first; then, by the default action, the
  // earliest failure that no rule matches. Ties are in the order of `failed`. The caller stops applying them after an
  // action that is not about a single Job.
  [[nodiscard]] std::vector<JobSetFailure> Judge(std::span<const FailedJob> failed) const;
  // What about the Job matched the rule, for people: reason X, message pattern "P", replicated job w. Empty: the rule
  // matches every Job. REQUIRES: the rule matches the Job.
  [[nodiscard]] std::string WhatMatched(std::int32_t rule, const FailedJob& job) const;

 private:
  struct Rule {
    jobset::FailureAction action;
    std::vector<std::string> reasons;
    std::vector<std::string> targets;
    std::vector<Pattern> patterns;
    std::vector<std::string> pattern_texts;
    bool Matches(const FailedJob& job) const;
  };
  std::vector<Rule> rules_;
};

// The position of the earliest failure; on a tie the first. REQUIRES: `failed` is not empty.
[[nodiscard]] std::size_t EarliestFailure(std::span<const FailedJob> failed);

// What counts towards maxRestarts: restarts of the whole JobSet and of single Jobs together (spec/jobset.md 3.3).
struct RestartBudget {
  std::int64_t counted = 0;       // of the whole JobSet
  std::int64_t counted_jobs = 0;  // of single Jobs, summed; 0 while the gate RestartJob is off
  std::int64_t max_restarts = 0;

  bool exhausted() const { return counted + counted_jobs >= max_restarts || counted >= max_restarts; }
};

}  // namespace reprieve::policy
