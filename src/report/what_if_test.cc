#include "report/what_if.h"

#include <gtest/gtest.h>

#include "report/testing.h"

namespace reprieve::report {
namespace {

using testing::At;

constexpr const char* kUid = "22222222-2222-4222-8222-222222222222";

// Job train, whose pod train-run is on node gpu-1. `spec` and `status` are members in flow style.
Objects Running(const std::string& spec, const std::string& status, const std::string& more = "") {
  return testing::Read(Cat(
      "---\n{apiVersion: batch/v1, kind: Job, metadata: {name: train, namespace: default, uid: ", kUid,
      "}, spec: {parallelism: 1, completions: 1, completionMode: NonIndexed, suspend: false, podReplacementPolicy: "
      "TerminatingOrFailed, selector: {matchLabels: {controller-uid: ",
      kUid, "}}, template: {metadata: {labels: {controller-uid: ", kUid,
      "}}, spec: {restartPolicy: Never, containers: [{name: main, image: i}]}}, ", spec,
      "}, status: {startTime: 2026-11-22T12:00:00Z, active: 1, ready: 1, uncountedTerminatedPods: {}, ", status,
      "}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: train-run, namespace: default, uid: u-run, finalizers: "
      "[batch.kubernetes.io/job-tracking], labels: {controller-uid: ",
      kUid, "}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: train, uid: ", kUid,
      ", controller: true}]}, spec: {nodeName: gpu-1, restartPolicy: Never, containers: [{name: main, image: i}]}, "
      "status: {phase: Running, containerStatuses: [{name: main, state: {running: {startedAt: "
      "2026-11-22T12:00:01Z}}}]}}\n",
      more));
}

std::string Failed(const std::string& name, const std::string& clock) {
  return Cat("---\n{apiVersion: v1, kind: Pod, metadata: {name: ", name, ", namespace: default, uid: u-", name,
             ", labels: {controller-uid: ", kUid,
             "}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: train, uid: ", kUid,
             ", controller: true}]}, spec: {nodeName: gpu-1, containers: [{name: main, image: i}]}, status: {phase: ",
             "Failed, containerStatuses: [{name: main, state: {terminated: {exitCode: 1, finishedAt: 2026-11-22T",
             clock, "Z}}}]}}\n");
}

WhatIf Played(const Objects& objects, const std::string& event) {
  auto incident = world::ParseIncident(event + " at 0s");
  return PlayIf(objects, At("12:10:00"), std::get<world::Incident>(incident));
}

std::vector<std::string> Texts(const WhatIf& what_if) {
  std::vector<std::string> out;
  for (const world::Verdict& verdict : what_if.verdicts) out.push_back(world::Describe(verdict));
  return out;
}

TEST(WhatIf, OneMoreFailureEndsAJobThatHasNoneLeft) {
  const WhatIf what_if =
      Played(Running("backoffLimit: 1", "failed: 1", Failed("train-old", "12:05:00")), "pod train-run exits 1");
  EXPECT_TRUE(what_if.happened);
  EXPECT_EQ(Texts(what_if), (std::vector<std::string>{"train-run exited 1 in container main → Job train failed: "
                                                      "BackoffLimitExceeded"}));
}

TEST(WhatIf, TheWaitRemembersTheFailuresBefore) {
  const std::string before = Failed("train-a", "12:04:00") + Failed("train-b", "12:05:00");
  const WhatIf what_if = Played(Running("backoffLimit: 6", "failed: 2", before), "pod train-run exits 1");
  ASSERT_EQ(what_if.verdicts.size(), 1U);
  EXPECT_GT(*what_if.verdicts[0].wait, Seconds(35));
  EXPECT_LE(*what_if.verdicts[0].wait, Seconds(40));
}

TEST(WhatIf, ADrainOfTheNodeThatThePodIsOnIsADisruption) {
  const WhatIf what_if = Played(
      Running("backoffLimit: 0, podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget, "
              "status: 'True'}]}]}",
              "failed: 0"),
      "node gpu-1 is drained");
  ASSERT_EQ(what_if.verdicts.size(), 1U);
  EXPECT_EQ(what_if.verdicts[0].action, "Ignore");
}

// 50 s until the node is unreachable, 300 s that its pods tolerate, 30 s of grace.
TEST(WhatIf, ALostNodeCostsItsPodMinutesLater) {
  const WhatIf what_if = Played(Running("backoffLimit: 0", "failed: 0"), "node gpu-1 is lost");
  ASSERT_EQ(what_if.verdicts.size(), 1U);
  EXPECT_TRUE(what_if.verdicts[0].ends);
  EXPECT_GT(what_if.verdicts[0].at, At("12:15:50"));
  EXPECT_LT(what_if.verdicts[0].at, At("12:17:00"));
}

TEST(WhatIf, AJobWhoseJobSetIsNotThereIsNotCollectedAsAnOrphan) {
  Objects objects = Running("backoffLimit: 6", "failed: 0");
  meta::OwnerReference owner;
  owner.api_version = "jobset.x-k8s.io/v1alpha2";
  owner.kind = "JobSet";
  owner.name = "set";
  owner.uid = "u-set";
  owner.controller = true;
  objects.jobs.front().metadata.owner_references.push_back(owner);
  const WhatIf what_if = Played(objects, "pod train-run exits 1");
  ASSERT_EQ(what_if.verdicts.size(), 1U);
  EXPECT_TRUE(what_if.verdicts[0].retry);
  ASSERT_EQ(what_if.notes.size(), 1U);
  EXPECT_EQ(what_if.notes[0], "JobSet set of Job train is not among the objects: what it would do is left out");
}

TEST(WhatIf, AnEventWithoutEffectSaysSo) {
  const WhatIf what_if = Played(Running("backoffLimit: 0", "failed: 0"), "pod train-9 exits 1");
  EXPECT_FALSE(what_if.happened);
  EXPECT_EQ(what_if.outcome, "no effect: no pod train-9");
}

TEST(WhatIf, FailuresThatThereWereAreNotToldAgain) {
  std::string pending = Failed("train-old", "12:05:00");
  pending.insert(pending.find("labels:"), "finalizers: [batch.kubernetes.io/job-tracking], ");
  const WhatIf what_if = Played(Running("backoffLimit: 3", "failed: 0", pending), "pod train-run exits 1");
  EXPECT_EQ(Texts(what_if).size(), 1U);
  EXPECT_EQ(what_if.verdicts.at(0).pod, "train-run");
}

}  // namespace
}  // namespace reprieve::report
