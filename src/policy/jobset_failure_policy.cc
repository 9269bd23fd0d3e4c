#include "policy/jobset_failure_policy.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::policy {
namespace {

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// An absent time is earlier than any (spec/jobset.md 3.2).
bool Earlier(const FailedJob& a, const FailedJob& b) {
  return a.failed_at < b.failed_at;
}

}  // namespace

JobSetFailureJudge::JobSetFailureJudge(const jobset::FailurePolicy& policy) {
  for (const jobset::FailurePolicyRule& rule : policy.rules) {
    Rule& made = rules_.emplace_back();
    made.action = rule.action;
    made.reasons = rule.on_job_failure_reasons;
    made.targets = rule.target_replicated_jobs;
    for (const std::string& pattern : rule.on_job_failure_message_patterns) made.patterns.emplace_back(pattern);
    made.pattern_texts = rule.on_job_failure_message_patterns;
  }
}

bool JobSetFailureJudge::Rule::Matches(const FailedJob& job) const {
  if (job.replicated_job.empty()) return false;
  if (!reasons.empty() && !Contains(reasons, job.reason)) return false;
  if (!targets.empty() && !Contains(targets, job.replicated_job)) return false;
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const Pattern& pattern) { return pattern.FoundIn(job.message); });
}

std::vector<JobSetFailure> JobSetFailureJudge::Judge(std::span<const FailedJob> failed) const {
  std::vector<JobSetFailure> out;
  out.reserve(failed.size());
  for (std::size_t i = 0; i < failed.size(); ++i) {
    JobSetFailure& choice = out.emplace_back();
    choice.job = i;
    const auto rule =
        std::find_if(rules_.begin(), rules_.end(), [&](const Rule& candidate) { return candidate.Matches(failed[i]); });
    if (rule == rules_.end()) continue;
    choice.rule = static_cast<std::int32_t>(rule - rules_.begin());
    choice.action = rule->action;
  }
  const auto rank = [&](const JobSetFailure& choice) {
    return choice.rule ? *choice.rule : static_cast<std::int32_t>(rules_.size());
  };
  std::stable_sort(out.begin(), out.end(), [&](const JobSetFailure& a, const JobSetFailure& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : Earlier(failed[a.job], failed[b.job]);
  });
  return out;
}

std::string JobSetFailureJudge::WhatMatched(std::int32_t index, const FailedJob& job) const {
  const Rule& rule = rules_[static_cast<std::size_t>(index)];
  std::vector<std::string> parts;
  if (!rule.reasons.empty()) parts.push_back(Cat("reason ", job.reason));
  const auto pattern = std::find_if(rule.patterns.begin(), rule.patterns.end(),
                                    [&](const Pattern& candidate) { return candidate.FoundIn(job.message); });
  if (pattern != rule.patterns.end()) {
    const auto at = static_cast<std::size_t>(pattern - rule.patterns.begin());
    parts.push_back(Cat("message pattern ", Quote(rule.pattern_texts[at])));
  }
  if (!rule.targets.empty()) parts.push_back(Cat("replicated job ", job.replicated_job));
  return Join(parts, " and ");
}

std::size_t EarliestFailure(std::span<const FailedJob> failed) {
  return static_cast<std::size_t>(std::min_element(failed.begin(), failed.end(), Earlier) - failed.begin());
}

}  // namespace reprieve::policy
