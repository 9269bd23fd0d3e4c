// Hooks of a container's lifecycle, on virtual time.
#include <gtest/gtest.h>

#include "document/yaml.h"
#include "kubelet/testing.h"
#include "model/bind.h"

namespace reprieve::kubelet::testing {
namespace {

core::PodSpec Pod(const std::string& containers, const std::string& inits = "[]") {
  core::PodSpec out;
  const std::string yaml = Cat("{restartPolicy: Never, terminationGracePeriodSeconds: 30, initContainers: ", inits,
                               ", containers: ", containers, "}");
  model::FromValue(document::ParseYaml(yaml).value().front(), out);
  return out;
}

const std::string kPostStart = "lifecycle: {postStart: {exec: {command: [a]}}}";
const std::string kPreStop = "lifecycle: {preStop: {exec: {command: [a]}}}";

TEST(PodHooks, AContainerRunsOnceItsPostStartIsOver) {
  Rehearsal pod(Pod(Cat("[{name: main, ", kPostStart, "}]")));
  EXPECT_EQ(pod.Done(), "start main, hook main postStart");
  EXPECT_EQ(pod.Phase(), core::PodPhase::kPending);
  EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "ContainerCreating");
  pod.Hooked("main postStart");
  EXPECT_EQ(pod.Phase(), core::PodPhase::kRunning);
  EXPECT_TRUE(pod.StatusOf("main").ready);
}

TEST(PodHooks, LaterContainersWaitForIt) {
  Rehearsal pod(Pod(Cat("[{name: a, ", kPostStart, "}, {name: b}]")));
  EXPECT_EQ(pod.Done(), "start a, hook a postStart");
  pod.Hooked("a postStart");
  EXPECT_EQ(pod.Done(), "start b");
}

TEST(PodHooks, OneThatFailsStopsTheContainer) {
  Rehearsal pod(Pod(Cat("[{name: main, ", kPostStart, "}]")));
  pod.Done();
  pod.Hooked("main postStart", "exited 1");
  EXPECT_EQ(pod.Done(), "stop main 30");
  EXPECT_EQ(pod.Why(), "container main failed its postStart hook (exited 1); it is stopped");
  pod.Exit("main", 143);
  EXPECT_EQ(pod.Phase(), core::PodPhase::kFailed);
}

TEST(PodHooks, ProbesBeginAfterIt) {
  Rehearsal pod(
      Pod("[{name: main, livenessProbe: {exec: {command: [a]}}, lifecycle: {postStart: {sleep: {seconds: 3}}}}]"));
  EXPECT_EQ(pod.Done(), "start main");
  pod.Wait(3);
  EXPECT_EQ(pod.Done(), "probe main liveness");
}

TEST(PodHooks, PreStopComesBeforeTheSignalAndUsesUpTheTime) {
  Rehearsal pod(Pod(Cat("[{name: main, ", kPreStop, "}]")));
  pod.Done();
  pod.Delete(30);
  EXPECT_EQ(pod.Done(), "hook main preStop");
  pod.Wait(10);
  EXPECT_EQ(pod.Done(), "");
  pod.Hooked("main preStop", "whatever came of it");
  EXPECT_EQ(pod.Done(), "stop main 20");
  pod.Exit("main", 0);
  EXPECT_TRUE(pod.finished());
}

TEST(PodHooks, OneThatOutlastsTheTimeLeavesTwoSeconds) {
  Rehearsal pod(Pod(Cat("[{name: main, ", kPreStop, "}]")));
  pod.Done();
  pod.Delete(5);
  EXPECT_EQ(pod.Done(), "hook main preStop");
  pod.Wait(5);
  EXPECT_EQ(pod.Done(), "stop main 2");
  pod.Wait(60);
  EXPECT_EQ(pod.Done(), "");
}

TEST(PodHooks, WithoutAnyTimeThereIsNone) {
  Rehearsal pod(Pod(Cat("[{name: main, ", kPreStop, "}]")));
  pod.Done();
  pod.Delete(0);
  EXPECT_EQ(pod.Done(), "stop main 0");
  Rehearsal hurried(Pod(Cat("[{name: main, ", kPreStop, "}]")));
  hurried.Delete(30);
  hurried.Done();
  hurried.Delete(0);
  EXPECT_EQ(hurried.Done(), "stop main 0");
}

TEST(PodHooks, ASleepNeedsNobodyElse) {
  Rehearsal pod(Pod("[{name: main, lifecycle: {preStop: {sleep: {seconds: 4}}}}]"));
  pod.Done();
  pod.Delete(30);
  EXPECT_EQ(pod.Done(), "");
  pod.Wait(4);
  EXPECT_EQ(pod.Done(), "stop main 26");
}

TEST(PodHooks, AContainerThatEndsByItselfHasNoPreStop) {
  Rehearsal pod(Pod(Cat("[{name: main, ", kPreStop, "}]")));
  pod.Done();
  pod.Exit("main", 0);
  EXPECT_EQ(pod.Done(), "");
  EXPECT_EQ(pod.Phase(), core::PodPhase::kSucceeded);
}

TEST(PodHooks, ASidecarsComesWhenTheOthersHaveEnded) {
  Rehearsal pod(Pod("[{name: main}]", Cat("[{name: side, restartPolicy: Always, ", kPreStop, "}]")));
  pod.Done();
  pod.Exit("main", 0);
  EXPECT_EQ(pod.Done(), "hook side preStop");
  pod.Hooked("side preStop");
  EXPECT_EQ(pod.Done(), "stop side 30");
}

TEST(PodHooks, ThatOfAnEarlierRunIsIgnored) {
  Rehearsal pod(Pod(Cat("[{name: main, restartPolicy: OnFailure, ", kPostStart, "}]")));
  pod.Done();
  pod.Exit("main", 1);
  EXPECT_EQ(pod.Done(), "start main, hook main postStart");
  pod.Exit("main", 0);
  pod.Hooked("main postStart", "too late");
  EXPECT_EQ(pod.Done(), "");
}

}  // namespace
}  // namespace reprieve::kubelet::testing
