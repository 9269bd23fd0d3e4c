// What the results of probes do to a pod.
#include <gtest/gtest.h>

#include "kubelet/testing.h"
#include "model/testing.h"

namespace reprieve::kubelet {
namespace {

using core::PodPhase;
using core::RestartPolicy;
using testing::AContainer;
using testing::ASidecar;
using testing::ASpec;
using testing::Rehearsal;

constexpr auto kNever = RestartPolicy::kNever;
constexpr auto kOnFailure = RestartPolicy::kOnFailure;
constexpr auto kGood = ProbeOutcome::kSuccess;
constexpr auto kBad = ProbeOutcome::kFailure;

core::Probe Every(std::int32_t period_seconds, std::int32_t failures = 1) {
  core::Probe out;
  out.period_seconds = period_seconds;
  out.failure_threshold = failures;
  return out;
}

core::PodSpec Of(RestartPolicy policy, const core::Container& main, std::vector<core::Container> inits = {}) {
  return ASpec(policy, {main}, std::move(inits));
}

TEST(PodProbes, APodIsReadyWhenItsReadinessProbeSaysSo) {
  core::Container main = AContainer("main");
  main.readiness_probe = Every(5);
  Rehearsal pod(Of(kNever, main));
  EXPECT_EQ(pod.Done(), "start main, probe main readiness");
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  EXPECT_EQ(pod.Condition("Ready"), "False ContainersNotReady");
  EXPECT_EQ(pod.StatusOf("main").started, true);
  const std::uint64_t before = pod.worker().revision();
  pod.Answer("main readiness", kGood);
  EXPECT_GT(pod.worker().revision(), before);
  EXPECT_EQ(pod.Condition("Ready"), "True");
  pod.Wait(5).Answer("main readiness", kBad);
  EXPECT_EQ(pod.Condition("ContainersReady"), "False ContainersNotReady");
  EXPECT_EQ(pod.Done(), "probe main readiness") << "it is not stopped";
  pod.Exit("main", 0);
  EXPECT_EQ(pod.Phase(), PodPhase::kSucceeded);
  EXPECT_FALSE(pod.waits());
}

TEST(PodProbes, UntilItsStartupHasSucceededAContainerIsNeitherStartedNorReady) {
  core::Container main = AContainer("main");
  main.startup_probe = Every(1, 9);
  Rehearsal pod(Of(kNever, main));
  EXPECT_EQ(pod.StatusOf("main").started, false);
  EXPECT_EQ(pod.Condition("Ready"), "False ContainersNotReady");
  pod.Answer("main startup", kGood);
  EXPECT_EQ(pod.StatusOf("main").started, true);
  EXPECT_EQ(pod.Condition("Ready"), "True");
  EXPECT_FALSE(pod.waits()) << "the startup probe is over";
}

TEST(PodProbes, AFailedLivenessProbeStopsTheContainerWithThePodsGraceAndOnFailureRestartsIt) {
  core::Container main = AContainer("main");
  main.liveness_probe = Every(2, 2);
  core::PodSpec spec = Of(kOnFailure, main);
  spec.termination_grace_period_seconds = 7;
  for (const std::int32_t code : {143, 0}) {  // even if it exits 0 on the signal
    Rehearsal pod(spec);
    pod.Answer("main liveness", kBad);
    EXPECT_EQ(pod.Done(), "start main, probe main liveness");
    pod.Wait(2).Answer("main liveness", kBad);
    EXPECT_EQ(pod.Done(), "probe main liveness, stop main 7");
    EXPECT_EQ(pod.Why(), "container main failed its liveness probe 2 times in a row (said so); it is restarted");
    EXPECT_EQ(pod.Wait(5).Done(), "") << "no probe, and no second stop, while it stops";
    pod.Exit("main", code);
    EXPECT_EQ(pod.Done(), "start main, probe main liveness");
    EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
    EXPECT_EQ(pod.StatusOf("main").restart_count, 1);
    EXPECT_EQ(pod.StatusOf("main").LastTermination()->exit_code, code);
    pod.Answer("main liveness", kBad);
    EXPECT_EQ(pod.Done(), "") << "what the first run has failed does not count against the second";
  }
}

TEST(PodProbes, UnderNeverTheExitCodeIsReportedUnchanged) {
  core::Container main = AContainer("main");
  main.liveness_probe = Every(1);
  main.liveness_probe->termination_grace_period_seconds = 3;
  for (const auto& [code, phase] : {std::pair{143, PodPhase::kFailed}, std::pair{0, PodPhase::kSucceeded}}) {
    Rehearsal pod(Of(kNever, main));
    pod.Answer("main liveness", kBad);
    EXPECT_EQ(pod.Done(), "start main, probe main liveness, stop main 3") << "the probe's own grace";
    EXPECT_EQ(pod.Why(), "container main failed its liveness probe (said so); it is stopped");
    pod.Exit("main", code);
    EXPECT_EQ(pod.Phase(), phase);
    EXPECT_EQ(pod.StatusOf("main").state.terminated->exit_code, code);
  }
}

TEST(PodProbes, AGracePeriodIsAtLeastTwoSeconds) {
  core::Container main = AContainer("main");
  main.startup_probe = Every(1);
  core::PodSpec spec = Of(kNever, main);
  spec.termination_grace_period_seconds = 0;
  Rehearsal pod(spec);
  pod.Answer("main startup", kBad);
  EXPECT_EQ(pod.Done(), "start main, probe main startup, stop main 2");
}

TEST(PodProbes, WhatComesAfterASidecarWaitsForItsStartup) {
  core::Container side = ASidecar("side");
  side.startup_probe = Every(1, 2);
  Rehearsal pod(Of(kNever, AContainer("main"), {side}));
  EXPECT_EQ(pod.Done(), "start side, probe side startup");
  pod.Answer("side startup", kBad).Wait(1);
  EXPECT_EQ(pod.Phase(), PodPhase::kPending);
  EXPECT_EQ(pod.Condition("Initialized"), "False ContainersNotInitialized");
  pod.Answer("side startup", kGood);
  EXPECT_EQ(pod.Done(), "probe side startup, start main");
  EXPECT_EQ(pod.Condition("Initialized"), "True");
}

TEST(PodProbes, ASidecarWhoseStartupFailsIsRestartedEvenInAPodThatNeverRestarts) {
  core::Container side = ASidecar("side");
  side.startup_probe = Every(1);
  Rehearsal pod(Of(kNever, AContainer("main"), {side}));
  pod.Answer("side startup", kBad);
  EXPECT_EQ(pod.Done(), "start side, probe side startup, stop side 30");
  EXPECT_EQ(pod.Exit("side", 143).Done(), "start side, probe side startup");
  EXPECT_EQ(pod.Answer("side startup", kGood).Done(), "start main");
}

TEST(PodProbes, AnAnswerToAnEarlierRunIsIgnored) {
  core::Container main = AContainer("main");
  main.readiness_probe = Every(1);
  Rehearsal pod(Of(kOnFailure, main));
  const PodActions::Try first{0, 0, ProbeKind::kReadiness};
  pod.Exit("main", 1);
  EXPECT_EQ(pod.Done(), "start main, probe main readiness, start main, probe main readiness");
  pod.worker().Probed(first, kGood, "", Time{});
  EXPECT_EQ(pod.Condition("Ready"), "False ContainersNotReady");
  pod.Exit("main", 0);
  pod.worker().Probed(first, kGood, "", Time{});
  EXPECT_EQ(pod.Phase(), PodPhase::kSucceeded);
}

TEST(PodProbes, AProbeFailureOfADeletedPodChangesNothing) {
  core::Container main = AContainer("main");
  main.liveness_probe = Every(1);
  Rehearsal pod(Of(kOnFailure, main));
  EXPECT_EQ(pod.Delete(20).Done(), "start main, probe main liveness, stop main 20");
  EXPECT_EQ(pod.Answer("main liveness", kBad).Done(), "");
  EXPECT_EQ(pod.Wait(10).Done(), "") << "its liveness is not asked any more";
  pod.Exit("main", 143);
  EXPECT_TRUE(pod.finished());
}

}  // namespace
}  // namespace reprieve::kubelet
