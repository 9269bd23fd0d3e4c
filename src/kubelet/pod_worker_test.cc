#include "kubelet/pod_worker.h"

#include <gtest/gtest.h>

#include "kubelet/pod_phase.h"
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
using testing::WithRule;

constexpr auto kNever = RestartPolicy::kNever;
constexpr auto kOnFailure = RestartPolicy::kOnFailure;
constexpr auto kAlways = RestartPolicy::kAlways;

TEST(PodWorker, APodOfOneContainerGoesFromPendingToItsEnd) {
  const struct {
    RestartPolicy policy;
    std::int32_t code;
    PodPhase phase;
    std::string ready;
  } cases[] = {{kNever, 0, PodPhase::kSucceeded, "False PodCompleted"},
               {kNever, 3, PodPhase::kFailed, "False PodFailed"},
               {kOnFailure, 0, PodPhase::kSucceeded, "False PodCompleted"}};
  for (const auto& c : cases) {
    Rehearsal pod(ASpec(c.policy, {AContainer("main")}), false);
    EXPECT_EQ(pod.Done(), "start main");
    EXPECT_EQ(pod.Phase(), PodPhase::kPending);
    EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "ContainerCreating");
    EXPECT_EQ(pod.Condition("Ready"), "False ContainersNotReady");
    EXPECT_EQ(pod.Status().FindCondition("Ready")->message, "containers with unready status: [main]");
    EXPECT_EQ(pod.Condition("Initialized"), "True");
    pod.Started("main");
    EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
    EXPECT_EQ(pod.Condition("Ready"), "True");
    EXPECT_EQ(pod.Condition("ContainersReady"), "True");
    EXPECT_TRUE(pod.StatusOf("main").ready);
    EXPECT_EQ(pod.StatusOf("main").container_id, "reprieve://uid/main/0");
    pod.Exit("main", c.code);
    EXPECT_TRUE(pod.finished());
    EXPECT_EQ(pod.Phase(), c.phase);
    EXPECT_EQ(pod.Condition("Ready"), c.ready);
    EXPECT_FALSE(pod.StatusOf("main").ready);
    EXPECT_EQ(pod.StatusOf("main").state.terminated->exit_code, c.code);
    EXPECT_EQ(pod.StatusOf("main").restart_count, 0);
    EXPECT_EQ(pod.Done(), "");
  }
}

TEST(PodWorker, AConditionWithTheSameStatusKeepsItsTimeAndForeignConditionsStay) {
  Rehearsal pod(ASpec(kOnFailure, {AContainer("a"), AContainer("b")}));
  core::PodCondition foreign;
  foreign.type = "DisruptionTarget";
  foreign.status = "True";
  pod.Status().SetCondition(foreign);
  const Time ready_since = *pod.Status().FindCondition("Ready")->last_transition_time;
  pod.Wait(5).Exit("a", 0);
  const Time unready_since = *pod.Status().FindCondition("Ready")->last_transition_time;
  EXPECT_EQ(unready_since - ready_since, Seconds(5));
  pod.Wait(5).Exit("b", 0);
  EXPECT_EQ(*pod.Status().FindCondition("Ready")->last_transition_time, unready_since);
  EXPECT_NE(pod.Status().FindCondition("DisruptionTarget"), nullptr);
}

TEST(PodWorker, AFailedContainerOfANeverPodWaitsForTheOthers) {
  Rehearsal pod(ASpec(kNever, {AContainer("a"), AContainer("b")}));
  pod.Exit("a", 1);
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  pod.Exit("b", 0);
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
}

TEST(PodWorker, InitContainersRunOneAfterAnother) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}, {AContainer("i1"), AContainer("i2")}));
  EXPECT_EQ(pod.Done(), "start i1");
  EXPECT_EQ(pod.Phase(), PodPhase::kPending);
  EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "PodInitializing");
  EXPECT_EQ(pod.Condition("Initialized"), "False ContainersNotInitialized");
  EXPECT_EQ(pod.Status().FindCondition("Initialized")->message, "containers with incomplete status: [i1 i2]");
  pod.Exit("i1", 0);
  EXPECT_EQ(pod.Done(), "start i2");
  pod.Exit("i2", 0);
  EXPECT_EQ(pod.Done(), "start main");
  EXPECT_EQ(pod.Condition("Initialized"), "True");
  pod.Exit("main", 0);
  EXPECT_EQ(pod.Phase(), PodPhase::kSucceeded);
  EXPECT_EQ(pod.Condition("Initialized"), "True PodCompleted");
}

TEST(PodWorker, AnInitContainerThatFailsForGoodFailsThePodAndTheOthersNeverStart) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}, {AContainer("i1"), AContainer("i2")}));
  pod.Exit("i1", 7);
  EXPECT_EQ(pod.Done(), "start i1");
  EXPECT_TRUE(pod.finished());
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
  EXPECT_EQ(pod.StatusOf("i1").state.terminated->exit_code, 7);
  EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "PodInitializing");
}

TEST(PodWorker, AnInitContainerOfAnOnFailurePodIsTriedAgain) {
  Rehearsal pod(ASpec(kOnFailure, {AContainer("main")}, {AContainer("i")}));
  pod.Exit("i", 1).Exit("i", 1);
  EXPECT_EQ(pod.StatusOf("i").state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(pod.Phase(), PodPhase::kPending);
  pod.Wait(10).Exit("i", 0);
  EXPECT_EQ(pod.Done(), "start i, start i, start i, start main");
  EXPECT_EQ(pod.StatusOf("i").restart_count, 2);
}

TEST(PodWorker, ACrashLoopBacksOffFromTenSecondsToFiveMinutes) {
  Rehearsal pod(ASpec(kOnFailure, {AContainer("main")}));
  pod.Exit("main", 1);
  EXPECT_EQ(pod.Done(), "start main, start main");  // the first restart is immediate
  const std::pair<int, std::string> delays[] = {{10, "10s"},    {20, "20s"},   {40, "40s"},  {80, "1m20s"},
                                                {160, "2m40s"}, {300, "5m0s"}, {300, "5m0s"}};
  std::int32_t restarts = 1;
  for (const auto& [seconds, text] : delays) {
    pod.Exit("main", 1);
    EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
    EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "CrashLoopBackOff");
    EXPECT_EQ(pod.StatusOf("main").state.waiting->message,
              Cat("back-off ", text, " restarting failed container=main pod=pod_ns(uid)"));
    EXPECT_EQ(pod.StatusOf("main").LastTermination()->exit_code, 1);
    EXPECT_EQ(pod.StatusOf("main").restart_count, restarts);
    pod.Wait(seconds - 1);
    EXPECT_EQ(pod.Done(), "") << text;
    pod.Wait(1);
    EXPECT_EQ(pod.Done(), "start main") << text;
    EXPECT_EQ(pod.StatusOf("main").restart_count, ++restarts);
  }
  pod.Wait(601).Exit("main", 1);
  EXPECT_EQ(pod.Done(), "start main");  // it ran long enough in between
  pod.Exit("main", 1).Wait(10);
  EXPECT_EQ(pod.Done(), "start main");
}

TEST(PodWorker, SidecarsStartInOrderAreRestartedAndStopInReverse) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}, {ASidecar("s1"), AContainer("i"), ASidecar("s2")}));
  EXPECT_EQ(pod.Done(), "start s1, start i");
  EXPECT_EQ(pod.Phase(), PodPhase::kPending);
  pod.Exit("i", 0);
  EXPECT_EQ(pod.Done(), "start s2, start main");
  pod.Exit("s1", 1);
  EXPECT_EQ(pod.Done(), "start s1");
  EXPECT_EQ(pod.StatusOf("s1").restart_count, 1);
  pod.Exit("s1", 0);
  EXPECT_EQ(pod.Condition("Ready"), "False ContainersNotReady");
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  pod.Wait(10);
  EXPECT_EQ(pod.Done(), "start s1");
  pod.Exit("main", 0);
  EXPECT_EQ(pod.Done(), "stop s2 30");
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  pod.Wait(20).Exit("s2", 143);
  EXPECT_EQ(pod.Done(), "stop s1 10");
  pod.Exit("s1", 137);
  EXPECT_TRUE(pod.finished());
  EXPECT_EQ(pod.Phase(), PodPhase::kSucceeded);  // sidecars' codes do not count
}

TEST(PodWorker, ASidecarThatCannotStartHoldsUpLaterContainers) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}, {ASidecar("s")}), false);
  pod.Exit("s", 128, "StartError");
  EXPECT_EQ(pod.Done(), "start s, start s");
  EXPECT_EQ(pod.Phase(), PodPhase::kPending);
}

TEST(PodWorker, TheDeadlineOfAPodFailsIt) {
  auto spec = ASpec(kOnFailure, {AContainer("main")});
  spec.active_deadline_seconds = 5;
  spec.termination_grace_period_seconds = 7;
  Rehearsal pod(spec);
  pod.Done();
  pod.Wait(4);
  EXPECT_EQ(pod.Done(), "");
  pod.Wait(1);
  EXPECT_EQ(pod.Done(), "stop main 7");
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  pod.Exit("main", 0);
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
  EXPECT_EQ(pod.Status().reason, "DeadlineExceeded");
  EXPECT_EQ(pod.Status().message, "Pod was active on the node longer than the specified deadline");
  EXPECT_TRUE(pod.finished());
}

TEST(PodWorker, ADeletedPodIsNeverRestartedAndItsPhaseFollowsItsContainers) {
  const struct {
    std::int32_t code;
    PodPhase phase;
  } cases[] = {{0, PodPhase::kSucceeded}, {143, PodPhase::kFailed}, {137, PodPhase::kFailed}};
  for (const auto& c : cases) {
    Rehearsal pod(ASpec(kAlways, {AContainer("main")}));
    pod.Done();
    pod.Delete(30);
    EXPECT_EQ(pod.Done(), "stop main 30");
    pod.Delete(30);
    EXPECT_EQ(pod.Done(), "");
    pod.Exit("main", c.code);
    EXPECT_EQ(pod.Done(), "");
    EXPECT_TRUE(pod.finished());
    EXPECT_EQ(pod.Phase(), c.phase);
  }
}

TEST(PodWorker, AShorterGracePeriodWinsAndSidecarsGetTheRestOfIt) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}, {ASidecar("s")}));
  pod.Done();
  pod.Delete(30).Wait(3);
  pod.Delete(5);
  EXPECT_EQ(pod.Done(), "stop main 30, stop main 5");
  pod.Wait(5).Exit("main", 137);
  EXPECT_EQ(pod.Done(), "stop s 2");  // the kubelet's minimum
  pod.Delete(0);
  EXPECT_EQ(pod.Done(), "stop s 0");
  pod.Exit("s", 137);
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
}

TEST(PodWorker, APodDeletedBeforeAnythingRanFails) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}), false);
  pod.Delete(30);
  EXPECT_EQ(pod.Done(), "start main, stop main 30");
  pod.worker().StartCancelled(0);
  pod.Delete(30);
  EXPECT_TRUE(pod.finished());
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
  EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "ContainerCreating");
}

TEST(PodWorker, AContainerThatNeverRanInAStartedPodCountsAsLost) {
  Rehearsal pod(ASpec(kNever, {AContainer("a"), AContainer("b")}), false);
  pod.Started("a").CannotStart("b").Delete(0).Exit("a", 0);
  EXPECT_TRUE(pod.finished());
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
  EXPECT_EQ(pod.StatusOf("b").state.terminated->exit_code, 137);
  EXPECT_EQ(pod.StatusOf("b").state.terminated->reason, "ContainerStatusUnknown");
}

TEST(PodWorker, ADeletedCrashLoopShowsHowItEnded) {
  Rehearsal pod(ASpec(kOnFailure, {AContainer("main")}));
  pod.Exit("main", 1).Exit("main", 2);
  pod.Delete(30);
  EXPECT_TRUE(pod.finished());
  EXPECT_FALSE(pod.waits());
  EXPECT_EQ(pod.Phase(), PodPhase::kFailed);
  EXPECT_EQ(pod.StatusOf("main").state.terminated->exit_code, 2);
  EXPECT_EQ(pod.StatusOf("main").LastTermination()->exit_code, 1);
}

TEST(PodWorker, AContainerThatCannotStartWaitsWithItsReasonAndIsRetried) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}), false);
  pod.CannotStart("main");
  EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "CreateContainerConfigError");
  EXPECT_EQ(pod.StatusOf("main").state.waiting->message, "configmap \"c\" not found");
  EXPECT_EQ(pod.Phase(), PodPhase::kPending);
  pod.Wait(10);
  EXPECT_EQ(pod.Done(), "start main, start main");
  pod.Started("main");
  EXPECT_EQ(pod.StatusOf("main").restart_count, 0);
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
}

TEST(PodWorker, RestartingAllContainersStopsTheOthersAndBeginsWithTheInitContainers) {
  const auto main = WithRule(AContainer("main"), "RestartAllContainers", "In", {42});
  Rehearsal pod(ASpec(kNever, {main, AContainer("other")}, {AContainer("i")}));
  pod.Exit("i", 0);
  pod.Done();
  pod.Exit("main", 42);
  EXPECT_EQ(pod.Done(), "stop other 0");
  EXPECT_EQ(pod.Condition("AllContainersRestarting"), "True ContainerExited");
  pod.Exit("other", 137);
  EXPECT_EQ(pod.Done(), "start i");
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  EXPECT_EQ(pod.StatusOf("main").state.waiting->reason, "PodInitializing");
  EXPECT_EQ(pod.Condition("AllContainersRestarting"), "False ContainerExited");
  pod.Exit("i", 0);
  EXPECT_EQ(pod.Done(), "start main, start other");
  EXPECT_EQ(pod.StatusOf("main").restart_count, 1);
  pod.Exit("main", 0).Exit("other", 0);
  EXPECT_EQ(pod.Phase(), PodPhase::kSucceeded);
}

TEST(PodWorker, ASidecarAndAWorkerCanBothTriggerARestartOfAllContainers) {
  const auto agent = WithRule(ASidecar("agent"), "RestartAllContainers", "In", {88});
  const auto worker = WithRule(AContainer("worker"), "RestartAllContainers", "NotIn", {0});
  Rehearsal pod(ASpec(kNever, {worker}, {agent}));
  EXPECT_EQ(pod.Done(), "start agent, start worker");
  pod.Exit("agent", 88);
  EXPECT_EQ(pod.Done(), "stop worker 0");
  pod.Exit("worker", 137);
  EXPECT_EQ(pod.Done(), "start agent, start worker");
  pod.Exit("worker", 1);
  EXPECT_EQ(pod.Done(), "stop agent 0");
  pod.Exit("agent", 137);
  EXPECT_EQ(pod.Done(), "start agent, start worker");
  EXPECT_EQ(pod.StatusOf("agent").restart_count, 2);
  EXPECT_EQ(pod.StatusOf("worker").restart_count, 2);
  EXPECT_EQ(pod.StatusOf("worker").LastTermination()->exit_code, 1);
  EXPECT_EQ(pod.Phase(), PodPhase::kRunning);
  pod.Exit("worker", 0);
  EXPECT_EQ(pod.Done(), "stop agent 30");
  pod.Exit("agent", 143);
  EXPECT_EQ(pod.Phase(), PodPhase::kSucceeded);
}

TEST(PodWorker, AContainerThatKeepsTriggeringRestartsOfAllBacksOff) {
  const auto agent = WithRule(ASidecar("agent"), "RestartAllContainers", "In", {88});
  Rehearsal pod(ASpec(kNever, {AContainer("worker")}, {agent}));
  pod.Exit("agent", 88).Exit("worker", 137);
  EXPECT_EQ(pod.Done(), "start agent, start worker, stop worker 0, start agent, start worker");
  pod.Exit("agent", 88).Exit("worker", 137).Wait(9);
  EXPECT_EQ(pod.Done(), "stop worker 0");
  EXPECT_EQ(pod.Condition("AllContainersRestarting"), "False ContainerExited");
  pod.Wait(1);
  EXPECT_EQ(pod.Done(), "start agent, start worker");
}

TEST(PodWorker, TheRevisionGrowsOnlyWithTheStatus) {
  Rehearsal pod(ASpec(kNever, {AContainer("main")}));
  const auto before = pod.worker().revision();
  pod.worker().Next(Time(Seconds(1'700'000'100)));
  EXPECT_EQ(pod.worker().revision(), before);
}

TEST(JudgeExit, FollowsTheRulesThenTheContainerThenThePod) {
  const auto rule = [](core::Container c) { return WithRule(std::move(c), "Restart", "In", {0, 42}); };
  const auto not_in = [](core::Container c) { return WithRule(std::move(c), "Restart", "NotIn", {1}); };
  const auto own = [](core::Container c, RestartPolicy policy) {
    c.restart_policy = policy;
    return c;
  };
  const auto c = AContainer("c");
  const struct {
    RestartPolicy pod;
    core::Container container;
    bool init;
    std::int32_t code;
    AfterExit expected;
  } cases[] = {
      {kNever, c, false, 1, AfterExit::kStay},
      {kNever, c, false, 0, AfterExit::kStay},
      {kOnFailure, c, false, 1, AfterExit::kRestart},
      {kOnFailure, c, false, 0, AfterExit::kStay},
      {kAlways, c, false, 0, AfterExit::kRestart},
      {kAlways, c, true, 0, AfterExit::kStay},
      {kAlways, c, true, 1, AfterExit::kRestart},
      {kNever, own(c, kOnFailure), false, 1, AfterExit::kRestart},
      {kOnFailure, own(c, kNever), false, 1, AfterExit::kStay},
      {kNever, own(c, kAlways), false, 0, AfterExit::kRestart},
      {kNever, own(c, kAlways), true, 0, AfterExit::kRestart},  // a sidecar
      {kNever, rule(own(c, kNever)), false, 42, AfterExit::kRestart},
      {kNever, rule(own(c, kNever)), false, 0, AfterExit::kRestart},
      {kNever, rule(own(c, kNever)), false, 41, AfterExit::kStay},
      {kNever, rule(own(c, kOnFailure)), false, 41, AfterExit::kRestart},
      {kNever, not_in(own(c, kNever)), false, 2, AfterExit::kRestart},
      {kNever, not_in(own(c, kNever)), false, 1, AfterExit::kStay},
      {kNever, WithRule(c, "RestartAllContainers", "In", {9}), false, 9, AfterExit::kRestartAll},
      {kNever, WithRule(own(c, kAlways), "RestartAllContainers", "In", {9}), true, 9, AfterExit::kRestartAll},
      {kNever, WithRule(own(c, kAlways), "RestartAllContainers", "In", {9}), true, 8, AfterExit::kRestart},
      {kNever, WithRule(c, "Dance", "In", {9}), false, 9, AfterExit::kStay},
  };
  int number = 0;
  for (const auto& each : cases) {
    EXPECT_EQ(JudgeExit(ASpec(each.pod, {}), each.container, each.init, each.code), each.expected) << "case " << number;
    ++number;
  }
}

// "waiting", "waiting<1" (after an exit with 1), "running", "exit 3", "unready" (running but not started), "missing".
void AddStatus(const std::string& name, std::string_view text, SharedVector<core::ContainerStatus>& out) {
  if (text == "missing") return;
  core::ContainerStatus& status = out.emplace_back();
  status.name = name;
  if (text.starts_with("waiting")) {
    status.state.waiting.emplace();
    if (text.size() > 8) status.last_state.emplace().terminated.emplace().exit_code = *ParseInt32(text.substr(8));
  } else if (text == "running" || text == "unready") {
    status.state.running.emplace();
    status.started = text == "running";
  } else {
    status.state.terminated.emplace().exit_code = *ParseInt32(text.substr(5));
  }
}

TEST(PhaseOf, FollowsTheKubeletsTable) {
  using Texts = std::vector<std::string_view>;
  const struct {
    RestartPolicy policy;
    Texts inits;  // a leading "s:" makes it a sidecar
    Texts regulars;
    bool ended;
    PodPhase expected;
  } cases[] = {
      {kNever, {}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {}, {"missing"}, false, PodPhase::kPending},
      {kNever, {}, {"running"}, false, PodPhase::kRunning},
      {kNever, {}, {"running", "missing"}, false, PodPhase::kPending},
      {kNever, {}, {"running", "waiting"}, false, PodPhase::kPending},
      {kNever, {}, {"running", "exit 1"}, false, PodPhase::kRunning},
      {kNever, {}, {"exit 0", "exit 0"}, false, PodPhase::kSucceeded},
      {kNever, {}, {"exit 0", "exit 1"}, false, PodPhase::kFailed},
      {kOnFailure, {}, {"exit 0", "exit 1"}, false, PodPhase::kRunning},
      {kOnFailure, {}, {"exit 0"}, false, PodPhase::kSucceeded},
      {kOnFailure, {}, {"waiting<1"}, false, PodPhase::kRunning},
      {kAlways, {}, {"exit 0"}, false, PodPhase::kRunning},
      {kAlways, {}, {"exit 0"}, true, PodPhase::kSucceeded},
      {kAlways, {}, {"exit 1"}, true, PodPhase::kFailed},
      {kOnFailure, {}, {"waiting<1"}, true, PodPhase::kFailed},
      {kNever, {"running"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"missing"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"waiting"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"exit 1"}, {"waiting"}, false, PodPhase::kFailed},
      {kOnFailure, {"exit 1"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"waiting<1"}, {"waiting"}, false, PodPhase::kFailed},
      {kNever, {"exit 0"}, {"running"}, false, PodPhase::kRunning},
      {kNever, {"running"}, {"running"}, false, PodPhase::kRunning},  // the regular ones have run before
      {kNever, {"s:running"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"s:unready"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"s:running"}, {"running"}, false, PodPhase::kRunning},
      {kNever, {"s:running"}, {"exit 0"}, false, PodPhase::kRunning},
      {kNever, {"s:exit 1"}, {"exit 0"}, false, PodPhase::kSucceeded},
      {kNever, {"s:exit 0"}, {"exit 1"}, false, PodPhase::kFailed},
      {kNever, {"s:waiting"}, {"waiting"}, false, PodPhase::kPending},
      {kNever, {"s:waiting<1"}, {"running"}, false, PodPhase::kRunning},
      {kNever, {"s:missing"}, {"running"}, false, PodPhase::kPending},
  };
  int number = 0;
  for (const auto& c : cases) {
    core::PodSpec spec = ASpec(c.policy, {});
    core::PodStatus status;
    for (std::string_view text : c.inits) {
      const std::string name = Cat("i", spec.init_containers.size());
      const bool sidecar = text.starts_with("s:");
      if (sidecar) text.remove_prefix(2);
      spec.init_containers.push_back(sidecar ? ASidecar(name) : AContainer(name));
      AddStatus(name, text, status.init_container_statuses);
    }
    for (const std::string_view text : c.regulars) {
      const std::string name = Cat("r", spec.containers.size());
      spec.containers.push_back(AContainer(name));
      AddStatus(name, text, status.container_statuses);
    }
    EXPECT_EQ(PhaseOf(spec, status, c.ended), c.expected) << "case " << number;
    ++number;
  }
}

}  // namespace
}  // namespace reprieve::kubelet
