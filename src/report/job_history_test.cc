#include "report/job_history.h"

#include <gtest/gtest.h>

#include "report/testing.h"

namespace reprieve::report {
namespace {

using Texts = std::vector<std::string>;
using testing::At;
using testing::Index;
using testing::Job;
using testing::Lines;
using testing::Pod;

Subject Explained(const std::string& yaml, const std::string& now = "12:10:00") {
  const Explanation out = Explain(testing::Read(yaml), At(now), NowSource::kFlag);
  EXPECT_EQ(out.subjects.size(), 1U);
  return out.subjects.front();
}

std::string Failed(const std::string& clock, const std::string& reason, const std::string& message) {
  const std::string rest = Cat("status: 'True', lastTransitionTime: 2026-11-22T", clock, "Z, reason: ", reason,
                               ", message: \"", message, "\"}");
  return Cat("conditions: [{type: FailureTarget, ", rest, ", {type: Failed, ", rest, "]");
}

TEST(JobHistory, EveryFailureHasItsRuleAndWhatFollowed) {
  const Subject subject = Explained(
      Job("backoffLimit: 3, podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget, "
          "status: 'True'}]}, {action: FailJob, onExitCodes: {operator: In, values: [42]}}]}",
          Cat("failed: 2, ", Failed("12:03:00", "PodFailurePolicy",
                                    "Container main for pod default/train-c failed with exit code 42 matching FailJob "
                                    "rule at index 1"))) +
      Pod({"train-a", "12:01:00", 1}) +
      Pod({"train-b", "12:02:00", 143, "train", "", "{type: DisruptionTarget, status: 'True', reason: Evicted}"}) +
      Pod({"train-c", "12:03:00", 42}));
  EXPECT_EQ(Lines(subject),
            (Texts{"12:01:00 train-a exited 1 in container main → retry 1 of 3 in 10s",
                   "12:02:00 train-b has condition DisruptionTarget (Evicted) → rule 1 Ignore (dump.yaml:2) → "
                   "not counted, retry in 20s",
                   "12:03:00 train-c exited 42 in container main → rule 2 FailJob (dump.yaml:2) → Job train "
                   "failed: PodFailurePolicy"}));
  EXPECT_TRUE(subject.unknown.empty());
  EXPECT_EQ(subject.summary, "failed after 3m: PodFailurePolicy");
}

TEST(JobHistory, ThePodThatTheConditionNamesEndedTheJobThoughAnotherFailedBefore) {
  const Subject subject =
      Explained(Job("podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}",
                    Cat("failed: 2, ", Failed("12:01:01", "PodFailurePolicy",
                                              "Container main for pod default/train-b failed with exit code 42 "
                                              "matching FailJob rule at index 0"))) +
                Pod({"train-a", "12:01:00", 42}) + Pod({"train-b", "12:01:01", 42}));
  ASSERT_EQ(subject.chain.size(), 2U);
  for (const Entry& entry : subject.chain) {
    ASSERT_TRUE(entry.verdict);
    EXPECT_EQ(entry.verdict->ends, entry.pod == "train-b") << entry.pod;
  }
}

TEST(JobHistory, FailuresWhosePodsAreGoneMakeTheNumberOfTheOthersARange) {
  const Subject subject = Explained(Job("backoffLimit: 6", "failed: 4") + Pod({"train-d", "12:01:00", 1}));
  EXPECT_EQ(Lines(subject), (Texts{"12:01:00 train-d exited 1 in container main → counted, as one of the "
                                   "failures 1 to 4; backoffLimit 6; retried"}));
  EXPECT_EQ(subject.unknown.at(0).find("status counts 4 failures; 3 of their pods are gone"), 0U);
}

TEST(JobHistory, TheFailureBeyondTheLimitEndsTheJob) {
  const Subject subject =
      Explained(Job("backoffLimit: 1", Cat("failed: 2, ", Failed("12:02:00", "BackoffLimitExceeded",
                                                                 "Job has reached the specified backoff limit"))) +
                Pod({"train-a", "12:01:00", 1}) + Pod({"train-b", "12:02:00", 2}));
  EXPECT_EQ(Lines(subject), (Texts{"12:01:00 train-a exited 1 in container main → retry 1 of 1 in 10s",
                                   "12:02:00 train-b exited 2 in container main → Job train failed: "
                                   "BackoffLimitExceeded"}));
}

TEST(JobHistory, WhenTheLimitWasPassedByAPodThatIsGoneNoOtherIsBlamed) {
  const Subject subject =
      Explained(Job("backoffLimit: 1", Cat("failed: 2, ", Failed("12:02:00", "BackoffLimitExceeded",
                                                                 "Job has reached the specified backoff limit"))) +
                Pod({"train-a", "12:01:00", 1}));
  ASSERT_EQ(subject.chain.size(), 2U);
  EXPECT_FALSE(subject.chain[0].verdict->ends);
  EXPECT_TRUE(subject.chain[1].pod.empty());
  EXPECT_TRUE(subject.chain[1].verdict->ends);
}

TEST(JobHistory, WhatEndsWithItsJobIsNotJudgedAndSaysSo) {
  const Subject subject = Explained(
      Job("activeDeadlineSeconds: 60",
          Cat("failed: 1, ", Failed("12:01:00", "DeadlineExceeded", "Job was active longer than specified deadline"))) +
      Pod({"train-a", "12:01:30", 137}));
  EXPECT_EQ(Lines(subject),
            (Texts{"12:01:00 Job train ends: Job was active longer than specified deadline → Job train failed: "
                   "DeadlineExceeded",
                   "12:01:30 train-a exited 137 in container main → not judged: it ended with its Job, which had "
                   "failed by then"}));
}

TEST(JobHistory, AnIndexKeepsItsOwnCountAndItsOwnRetry) {
  const Subject subject = Explained(
      Job("completions: 4, parallelism: 4, completionMode: Indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 2",
          "failed: 2, failedIndexes: '1'") +
          Pod({"train-1-a", "12:01:00", 1, "train", Index(1)}) +
          Pod({"train-1-b", "12:02:00", 1, "train", Index(1, 1)}) +
          Pod({"train-3-a", "12:02:30", 1, "train", Cat(Index(3), ", finalizers: [batch.kubernetes.io/job-tracking]")}),
      "12:02:35");
  EXPECT_EQ(Lines(subject), (Texts{"12:01:00 train-1-a exited 1 in container main → retry 1 of 1 of index 1 in 10s",
                                   "12:02:00 train-1-b exited 1 in container main → index 1 failed for good",
                                   "12:02:30 train-3-a exited 1 in container main → retry 1 of 1 of index 3 in 10s"}));
  EXPECT_EQ(subject.next, (Texts{"index 3 retries in 5s",
                                 "index 3: one more counted failure ends the index (backoffLimitPerIndex 1, all used)",
                                 "1 more failed index is tolerated; the one after that ends the Job "
                                 "(maxFailedIndexes 2)"}));
}

TEST(JobHistory, TheLastCountedFailureThatIsLeftIsAnnounced) {
  const Subject subject = Explained(Job("backoffLimit: 1", "failed: 1") + Pod({"train-a", "12:01:00", 1}), "12:01:02");
  EXPECT_EQ(subject.next, (Texts{"the next pod is created in 8s",
                                 "one more counted failure ends the Job (backoffLimit 1, all used)"}));
}

TEST(JobHistory, AFailureThatStatusDoesNotCountYetIsAboutToEndTheJob) {
  const Subject subject =
      Explained(Job("backoffLimit: 0", "failed: 0") +
                Pod({"train-a", "12:01:00", 1, "train", "finalizers: [batch.kubernetes.io/job-tracking]"}));
  EXPECT_EQ(Lines(subject), (Texts{"12:01:00 train-a exited 1 in container main → Job train is about to fail: "
                                   "BackoffLimitExceeded"}));
}

TEST(JobHistory, AnEvictedPodThatEndedTheJobIsJudgedThoughItRanOnAfterwards) {
  const std::string evicted = Pod({"train-a", "12:01:20", 143, "train",
                                   "deletionTimestamp: 2026-11-22T12:01:30Z, deletionGracePeriodSeconds: 30",
                                   "{type: DisruptionTarget, status: 'True', reason: Evicted}"});
  const Subject subject =
      Explained(Job("backoffLimit: 0", Cat("failed: 1, ", Failed("12:01:00", "BackoffLimitExceeded",
                                                                 "Job has reached the specified backoff limit"))) +
                evicted);
  EXPECT_EQ(Lines(subject), (Texts{"12:01:00 train-a has condition DisruptionTarget (Evicted) → Job train failed: "
                                   "BackoffLimitExceeded"}));
}

TEST(JobHistory, OfAPodBeyondTheCompletionsOfToday) {
  const Subject subject = Explained(Job("completions: 1, completionMode: Indexed", "failed: 1") +
                                    Pod({"train-3-a", "12:01:00", 1, "train", Index(3)}));
  EXPECT_EQ(Lines(subject), (Texts{"12:01:00 train-3-a exited 1 in container main → its index is not one of the Job's, "
                                   "by now: whether it counted is not known"}));
}

TEST(Next, UnderOnFailureRestartsInPlaceAreTheLimitThatIsMetFirst) {
  const std::string running =
      "---\n{apiVersion: v1, kind: Pod, metadata: {name: train-a, namespace: default, uid: u-a, ownerReferences: "
      "[{apiVersion: batch/v1, kind: Job, name: train, uid: u-train, controller: true}]}, spec: {restartPolicy: "
      "OnFailure, containers: [{name: main, image: i}]}, status: {phase: Running, containerStatuses: [{name: main, "
      "restartCount: 2, state: {running: {}}}]}}\n";
  const auto next = [&](const std::string& limit) {
    std::string job = testing::Job(Cat("backoffLimit: ", limit), "active: 1");
    job.replace(job.find("Never"), 5, "OnFailure");
    return Explain(testing::Read(job + running), testing::At("12:10:00"), NowSource::kFlag).subjects.at(0).next.at(0);
  };
  EXPECT_EQ(
      next("4"),
      "1 more container restart is tolerated; the one after that ends the Job (backoffLimit 4 under restartPolicy "
      "OnFailure)");
  EXPECT_EQ(next("3"),
            "one more container restart ends the Job (backoffLimit 3 under restartPolicy OnFailure, all used)");
  EXPECT_EQ(next("2147483647").substr(0, 10), "2147483644");
}

}  // namespace
}  // namespace reprieve::report
