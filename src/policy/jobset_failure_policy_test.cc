#include "policy/jobset_failure_policy.h"

#include <gtest/gtest.h>

namespace reprieve::policy {
namespace {

using jobset::FailureAction;

jobset::FailurePolicyRule Rule(FailureAction action, std::vector<std::string> reasons = {},
                               std::vector<std::string> patterns = {}, std::vector<std::string> targets = {}) {
  jobset::FailurePolicyRule rule;
  rule.action = action;
  rule.on_job_failure_reasons = std::move(reasons);
  rule.on_job_failure_message_patterns = std::move(patterns);
  rule.target_replicated_jobs = std::move(targets);
  return rule;
}

JobSetFailureJudge Judge(std::vector<jobset::FailurePolicyRule> rules) {
  jobset::FailurePolicy policy;
  policy.rules = std::move(rules);
  return JobSetFailureJudge(policy);
}

FailedJob Failed(std::string_view name, int second, std::string_view reason = "BackoffLimitExceeded",
                 std::string_view message = "", std::string_view replicated_job = "workers") {
  return {name, replicated_job, reason, message, Time() + Seconds(second)};
}

TEST(JobSetFailurePolicy, WithoutAMatchTheEarliestFailureRestartsTheJobSet) {
  const FailedJob jobs[] = {Failed("b", 2), Failed("a", 1)};
  const auto choices = Judge({Rule(FailureAction::kFailJobSet, {"PodFailurePolicy"})}).Judge(jobs);
  EXPECT_EQ(choices[0].job, 1u);
  EXPECT_FALSE(choices[0].rule);
  EXPECT_EQ(choices[0].action, FailureAction::kRestartJobSet);
}

TEST(JobSetFailurePolicy, AnEarlierRuleBeatsAnEarlierFailure) {
  const FailedJob jobs[] = {Failed("early", 1, "DeadlineExceeded"), Failed("late", 9, "PodFailurePolicy")};
  const auto choices = Judge({Rule(FailureAction::kFailJobSet, {"PodFailurePolicy"}),
                              Rule(FailureAction::kRestartJob, {"DeadlineExceeded"})})
                           .Judge(jobs);
  EXPECT_EQ(choices[0].job, 1u);
  EXPECT_EQ(choices[0].action, FailureAction::kFailJobSet);
}

TEST(JobSetFailurePolicy, OfEquallyEarlyFailuresTheFirstIsTaken) {
  const FailedJob jobs[] = {Failed("x", 3), Failed("y", 3), Failed("z", 2)};
  EXPECT_EQ(EarliestFailure(jobs), 2u);
  const auto choices = Judge({Rule(FailureAction::kRestartJob)}).Judge(jobs);
  EXPECT_EQ(choices[0].job, 2u);
  EXPECT_EQ(choices[1].job, 0u);
  EXPECT_EQ(choices[2].job, 1u);
}

TEST(JobSetFailurePolicy, AFailureWithoutATimeIsTheEarliest) {
  FailedJob timeless = Failed("t", 0);
  timeless.failed_at.reset();
  const FailedJob jobs[] = {Failed("x", -100), timeless};
  EXPECT_EQ(EarliestFailure(jobs), 1u);
}

TEST(JobSetFailurePolicy, PatternsAreSearchedAndAnInvalidOneMatchesNothing) {
  const FailedJob jobs[] = {Failed("x", 1, "PodFailurePolicy", "Container main failed with exit code 42")};
  EXPECT_TRUE(Judge({Rule(FailureAction::kFailJobSet, {}, {"(", "exit code 4[0-9]$"})}).Judge(jobs)[0].rule);
  EXPECT_FALSE(Judge({Rule(FailureAction::kFailJobSet, {}, {"("})}).Judge(jobs)[0].rule);
  EXPECT_FALSE(Judge({Rule(FailureAction::kFailJobSet, {}, {"container"})}).Judge(jobs)[0].rule);
  EXPECT_TRUE(Judge({Rule(FailureAction::kFailJobSet, {}, {"(?<code>42)"})}).Judge(jobs)[0].rule);
}

TEST(JobSetFailurePolicy, ARuleForOtherReplicatedJobsDoesNotMatch) {
  const FailedJob jobs[] = {Failed("x", 1), Failed("y", 2, "BackoffLimitExceeded", "", "leader")};
  const auto choices = Judge({Rule(FailureAction::kFailJobSet, {}, {}, {"leader"})}).Judge(jobs);
  EXPECT_EQ(choices[0].job, 1u);
  EXPECT_TRUE(choices[0].rule);
  EXPECT_FALSE(choices[1].rule);
}

TEST(JobSetFailurePolicy, AJobWithoutItsLabelMatchesNoRule) {
  const FailedJob jobs[] = {Failed("x", 1, "PodFailurePolicy", "", "")};
  EXPECT_FALSE(Judge({Rule(FailureAction::kFailJobSet)}).Judge(jobs)[0].rule);
}

TEST(JobSetFailurePolicy, RestartsOfJobsAndOfTheJobSetShareOneBudget) {
  EXPECT_FALSE((RestartBudget{1, 1, 3}.exhausted()));
  EXPECT_TRUE((RestartBudget{1, 2, 3}.exhausted()));
  EXPECT_TRUE((RestartBudget{0, 0, 0}.exhausted()));
  EXPECT_TRUE((RestartBudget{0, 0, -1}.exhausted()));
}

TEST(JobSetFailurePolicy, SaysWhatMatchedARule) {
  const FailedJob job = Failed("w", 1, "DeadlineExceeded", "exit code 42");
  const auto matched = [&](std::vector<std::string> reasons, std::vector<std::string> patterns,
                           std::vector<std::string> targets) {
    return Judge({Rule(FailureAction::kFailJobSet, std::move(reasons), std::move(patterns), std::move(targets))})
        .WhatMatched(0, job);
  };
  EXPECT_EQ(matched({}, {}, {}), "");
  EXPECT_EQ(matched({"PodFailurePolicy", "DeadlineExceeded"}, {}, {}), "reason DeadlineExceeded");
  EXPECT_EQ(matched({}, {"none", "4[12]$"}, {"workers"}), "message pattern \"4[12]$\" and replicated job workers");
}

}  // namespace
}  // namespace reprieve::policy
