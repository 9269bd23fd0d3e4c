#include "report/jobset_history.h"

#include <gtest/gtest.h>

#include "report/testing.h"

namespace reprieve::report {
namespace {

using Texts = std::vector<std::string>;
using testing::At;
using testing::Lines;
using testing::Pod;

constexpr const char* kRules =
    "failurePolicy: {maxRestarts: 3, rules: [{name: bug, action: FailJobSet, onJobFailureReasons: "
    "[PodFailurePolicy]}]}";

std::string JobSet(const std::string& policy, const std::string& status) {
  return Cat(
      "---\n{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, metadata: {name: train, namespace: default, uid: "
      "u-set, creationTimestamp: 2026-11-22T12:00:00Z}, spec: {",
      policy,
      ", replicatedJobs: [{name: w, replicas: 2, template: {spec: {template: {spec: {containers: [{name: main, "
      "image: i}]}}}}}]}, status: {",
      status, "}}\n");
}

// Job train-w-<index> of that attempt, which failed then.
std::string FailedJob(int index, int attempt, const std::string& clock, const std::string& reason) {
  const std::string condition = Cat("status: 'True', lastTransitionTime: 2026-11-22T", clock, "Z, reason: ", reason,
                                    ", message: \"Job has reached the specified backoff limit\"}");
  return Cat(
      "---\n{apiVersion: batch/v1, kind: Job, metadata: {name: train-w-", index,
      ", namespace: default, uid: u-train-w-", index, ", ownerReferences: [{apiVersion: jobset.x-k8s.io/v1alpha2, ",
      "kind: JobSet, name: train, uid: u-set, controller: true}], labels: ",
      "{jobset.sigs.k8s.io/replicatedjob-name: w, jobset.sigs.k8s.io/job-index: \"", index,
      "\", jobset.sigs.k8s.io/restart-attempt: \"", attempt,
      "\"}}, spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: main, image: i}]}}},",
      " status: {startTime: 2026-11-22T12:00:00Z, failed: 1, conditions: [{type: FailureTarget, ", condition,
      ", {type: Failed, ", condition, "]}}\n");
}

std::string JobSetFailed(const std::string& clock, const std::string& reason, const std::string& message) {
  return Cat("conditions: [{type: Failed, status: 'True', lastTransitionTime: 2026-11-22T", clock,
             "Z, reason: ", reason, ", message: \"", message, "\"}], terminalState: Failed");
}

Subject Explained(const std::string& yaml) {
  const Explanation out = Explain(testing::Read(yaml), At("12:10:00"), NowSource::kFlag);
  EXPECT_EQ(out.subjects.size(), 1U);
  return out.subjects.front();
}

TEST(JobSetHistory, ItsEndStandsInOneChainWithThePodThatBroughtItAbout) {
  const Subject subject = Explained(
      JobSet("failurePolicy: {maxRestarts: 3}",
             Cat("restarts: 3, restartsCountTowardsMax: 3, ",
                 JobSetFailed("12:01:02", "ReachedMaxRestarts",
                              "jobset failed due to reaching max number of restarts (first failed job: train-w-1)"))) +
      FailedJob(1, 3, "12:01:01", "BackoffLimitExceeded") + Pod({"train-w-1-0-x", "12:01:00", 1, "train-w-1"}));
  EXPECT_EQ(Lines(subject), (Texts{"12:01:01 train-w-1-0-x exited 1 in container main → Job train-w-1 failed: "
                                   "BackoffLimitExceeded → JobSet train: no rule, RestartJobSet → JobSet train failed: "
                                   "ReachedMaxRestarts"}));
  EXPECT_EQ(subject.unknown, Texts{"why 3 restarts were needed: the failed Jobs are gone"});
  EXPECT_EQ(subject.summary, "failed after 1m2s: ReachedMaxRestarts");
}

TEST(JobSetHistory, AFailedJobOfTheAttemptBeforeExplainsTheLastRestart) {
  const Subject subject = Explained(JobSet(kRules, "restarts: 2, restartsCountTowardsMax: 2") +
                                    FailedJob(0, 1, "12:01:01", "BackoffLimitExceeded") +
                                    Pod({"train-w-0-0-x", "12:01:00", 1, "train-w-0"}));
  EXPECT_EQ(Lines(subject), (Texts{"12:01:01 train-w-0-0-x exited 1 in container main → Job train-w-0 failed: "
                                   "BackoffLimitExceeded → JobSet train: no rule, RestartJobSet → restart 2 of JobSet "
                                   "train, 2 of 3 used"}));
  EXPECT_EQ(subject.unknown, Texts{"why 1 of 2 restarts was needed: the failed Jobs are gone"});
  EXPECT_EQ(subject.next.at(0), "1 more counted restart before a failed Job ends the JobSet (2 of 3 used)");
}

TEST(JobSetHistory, AFailureThatTheControllerHasNotSeenIsAhead) {
  const Subject subject = Explained(JobSet("failurePolicy: {maxRestarts: 3}", "restarts: 0") +
                                    FailedJob(0, 0, "12:01:01", "BackoffLimitExceeded"));
  ASSERT_EQ(subject.chain.size(), 1U);
  EXPECT_TRUE(subject.chain[0].ahead);
  EXPECT_EQ(subject.next, Texts{"the JobSet controller has not acted on the last failure yet"});
}

TEST(JobSetHistory, ARestartWhoseJobsAreGoneIsToldByItsConditionWhileItLasts) {
  const auto restarted_by = [](const std::string& action) {
    return Explained(
        JobSet("failurePolicy: {maxRestarts: 3}",
               Cat("restarts: 1, restartsCountTowardsMax: 1, conditions: [{type: RestartingJobSet, status: 'True', "
                   "lastTransitionTime: 2026-11-22T12:01:00Z, reason: DefaultFailurePolicy, message: \"applying ",
                   action, " failure policy action (first failed job: train-w-0)\"}]")));
  };
  const Subject subject = restarted_by("RestartJobSet");
  EXPECT_EQ(Lines(subject),
            (Texts{"12:01:00 JobSet train restarts: applying RestartJobSet failure policy action (first "
                   "failed job: train-w-0) → restart 1 of JobSet train, counted"}));
  EXPECT_TRUE(subject.unknown.empty());
  EXPECT_TRUE(subject.chain.at(0).verdict->restart->counted);
  EXPECT_FALSE(restarted_by("RestartJobSetAndIgnoreMaxRestarts").chain.at(0).verdict->restart->counted);
}

TEST(JobSetHistory, EventsTellButDoNotCount) {
  const Subject subject = Explained(
      JobSet("failurePolicy: {maxRestarts: 9}", "restarts: 5, restartsCountTowardsMax: 5") +
      "---\n{apiVersion: v1, kind: Event, involvedObject: {kind: JobSet, name: train, namespace: default}, reason: "
      "RestartJobSetFailurePolicyAction, count: 60, lastTimestamp: 2026-11-22T12:05:00Z, message: \"applying "
      "RestartJobSet failure policy action (first failed job: train-w-0)\"}\n");
  EXPECT_EQ(subject.unknown, (Texts{"why 5 restarts were needed: the failed Jobs are gone",
                                    "an Event of 12:05:00 says: applying RestartJobSet failure policy action (first "
                                    "failed job: train-w-0)"}));
  EXPECT_EQ(subject.facts.at(0), "5 restarts · 5 of maxRestarts 9 used");
}

}  // namespace
}  // namespace reprieve::report
