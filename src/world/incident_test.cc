#include "world/incident.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "model/jobset.h"

namespace reprieve::world {
namespace {

// "error at AT..END: MESSAGE" or what was read.
std::string Read(const std::string& text) {
  const auto parsed = ParseIncident(text);
  if (const auto* error = std::get_if<IncidentError>(&parsed)) {
    return Cat("error at ", text.substr(error->at, error->length), ": ", error->message);
  }
  const auto& incident = std::get<Incident>(parsed);
  return Cat(static_cast<int>(incident.fault), " node=", incident.node, " pod=", incident.pod,
             " container=", incident.container, " condition=", incident.condition, "/", incident.condition_status, "/",
             incident.condition_reason, " code=", incident.exit_code, " at=", HumanDuration(incident.at));
}

Incident Parsed(const std::string& text) {
  return std::get<Incident>(ParseIncident(text));
}

TEST(Incident, Nodes) {
  EXPECT_EQ(Parsed("node n2 is drained at 10s").fault, FaultKind::kNodeDrained);
  EXPECT_EQ(Parsed("node n2 is drained at 10s").node, "n2");
  EXPECT_EQ(Parsed("node n2 is drained at 10s").at, Seconds(10));
  EXPECT_EQ(Parsed("node n1 is lost at 1m30s").at, Seconds(90));
  EXPECT_EQ(Parsed("  node  n1\tis shut  down at 0s ").fault, FaultKind::kNodeShutDown);
  EXPECT_EQ(Parsed("node n1 is tainted at 1s").fault, FaultKind::kNodeTainted);
  EXPECT_EQ(Parsed("node n1 is back at 1s").fault, FaultKind::kNodeBack);
}

TEST(Incident, PodsAndContainers) {
  EXPECT_EQ(Parsed("pod workers-0-1 is killed at 12s").pod, "workers-0-1");
  EXPECT_EQ(Parsed("pod w is evicted at 1s").fault, FaultKind::kPodEvicted);
  EXPECT_EQ(Parsed("pod w is evicted under memory pressure at 1s").fault, FaultKind::kPodUnderPressure);
  EXPECT_EQ(Parsed("pod w is preempted at 1s").fault, FaultKind::kPodPreempted);
  EXPECT_EQ(Parsed("pod w is deleted at 1s").fault, FaultKind::kPodDeleted);
  const Incident oom = Parsed("container main of pod leader-0-0 is out of memory at 5s");
  EXPECT_EQ(oom.fault, FaultKind::kContainerOutOfMemory);
  EXPECT_EQ(oom.container, "main");
  EXPECT_EQ(oom.pod, "leader-0-0");
  EXPECT_EQ(Parsed("container main of pod w exits 42 at 5s").exit_code, 42);
}

TEST(Incident, EveryCauseOfTheSpecification) {
  EXPECT_EQ(Parsed("pod w is evicted over its storage limit at 1s").fault, FaultKind::kPodOverStorageLimit);
  EXPECT_EQ(Parsed("pod w is preempted by the kubelet at 1s").fault, FaultKind::kPodPreemptedByKubelet);
  EXPECT_EQ(Parsed("pod w is deleted for a device taint at 1s").fault, FaultKind::kPodDeviceTainted);
  EXPECT_EQ(Parsed("pod w is refused by its node at 1s").fault, FaultKind::kPodRefused);
  EXPECT_EQ(Parsed("node n1 is unreachable at 1s").fault, FaultKind::kNodeUnreachable);
}

TEST(Incident, ExitsByCodeAndBySignal) {
  EXPECT_EQ(Parsed("pod w exits 42 at 5s").fault, FaultKind::kPodExits);
  EXPECT_EQ(Parsed("pod w exits with SIGSEGV at 5s").exit_code, 139);
  EXPECT_EQ(Parsed("container main of pod w exits by SIGKILL at 5s").exit_code, 137);
  EXPECT_EQ(Read("pod w exits SIGFOO at 5s"),
            "error at SIGFOO: expected an exit code from 0 to 255, or a signal, such as SIGSEGV");
}

TEST(Incident, PodsThatGetNowhere) {
  EXPECT_EQ(Parsed("pod w never starts").fault, FaultKind::kPodNeverStarts);
  EXPECT_EQ(Parsed("pod w never starts at 5s").at, Seconds(5));
  EXPECT_EQ(Parsed("pod w stays Pending").fault, FaultKind::kPodStaysPending);
  EXPECT_EQ(Parsed("pod w hangs at 3s").fault, FaultKind::kPodHangs);
  EXPECT_EQ(Read("pod w stays put"), "error at put: expected pending");
}

TEST(Incident, OwnersAndTheController) {
  EXPECT_EQ(Parsed("JobSet train is suspended at 1m").owner, "train");
  EXPECT_EQ(Parsed("JobSet train is suspended at 1m").owner_kind, Kind::kJobSet);
  EXPECT_EQ(Parsed("Job train is resumed at 1m").fault, FaultKind::kResumed);
  EXPECT_EQ(Parsed("Job train is deleted at 1m").fault, FaultKind::kDeleted);
  EXPECT_EQ(Parsed("Job train is scaled to 3 at 1m").pods, 3);
  EXPECT_EQ(Parsed("controller restarts at 30s").fault, FaultKind::kControllerRestarts);
  EXPECT_EQ(Read("JobSet train is scaled to 3 at 1s"),
            "error at scaled: a JobSet has no number of pods of its own; scale one of its Jobs");
  EXPECT_EQ(Read("Job train is paused at 1s"),
            "error at paused: not one of suspended, resumed, deleted, scaled to NUMBER");
}

TEST(Incident, Conditions) {
  EXPECT_EQ(Parsed("pod leader-0-0 gets condition ConfigIssue at 3s").condition, "ConfigIssue");
  const Incident full = Parsed("pod leader-0-0 gets condition ConfigIssue=False because Repaired at 3s");
  EXPECT_EQ(full.condition_status, "False");
  EXPECT_EQ(full.condition_reason, "Repaired");
}

TEST(Incident, ErrorsPointAtTheWord) {
  EXPECT_EQ(Read(""), "error at : expected node, pod, container, Job, JobSet or controller");
  EXPECT_EQ(Read("nod n1 is lost at 1s"), "error at nod: expected node, pod, container, Job, JobSet or controller");
  EXPECT_EQ(Read("node n1 was lost at 1s"), "error at was: expected is");
  EXPECT_EQ(Read("node n1 is draned at 1s"),
            "error at draned: not one of drained, tainted, lost, unreachable, shut down, back; did you mean drained?");
  EXPECT_EQ(Read("node n1 is at 1s"),
            "error at : expected one of drained, tainted, lost, unreachable, shut down, back");
  EXPECT_EQ(Read("node n1 is lost"), "error at : expected at, and when");
  EXPECT_EQ(Read("node n1 is lost at soon"),
            "error at soon: expected a time since the beginning, such as 10s or 1m30s");
  EXPECT_EQ(Read("node n1 is lost at 1s, node n2 is lost at 2s"),
            "error at 1s,: expected a time since the beginning, such as 10s or 1m30s");
  EXPECT_EQ(Read("node n1 is lost at 1s twice"),
            "error at twice: nothing may follow the time; give each event its own");
  EXPECT_EQ(Read("container main in pod w is killed at 1s"), "error at in: expected of");
  EXPECT_EQ(Read("container main of pod w exits 256 at 1s"),
            "error at 256: expected an exit code from 0 to 255, or a signal, such as SIGSEGV");
  EXPECT_EQ(Read("pod w gets condition A=yes at 1s"), "error at yes: not one of True, False, Unknown");
}

TEST(Incident, NamesOfPods) {
  core::Pod pod;
  pod.metadata.name = "train-workers-0-1-x2x4z";
  EXPECT_TRUE(IsCalled(pod, "train-workers-0-1-x2x4z"));
  EXPECT_TRUE(IsCalled(pod, "train-workers-0-1"));
  EXPECT_FALSE(IsCalled(pod, "workers-0-1"));
  pod.metadata.labels.Set(jobset::kJobSetName, "train");
  EXPECT_TRUE(IsCalled(pod, "workers-0-1"));
  EXPECT_FALSE(IsCalled(pod, "workers-0"));
  EXPECT_FALSE(IsCalled(pod, "orkers-0-1"));
}

TEST(Incident, OutcomesInWords) {
  const auto told = [](const char* text, const IncidentOutcome& outcome) { return Describe(Parsed(text), outcome); };
  EXPECT_EQ(told("node n2 is drained at 1s", {.count = 1}), "1 pod evicted");
  EXPECT_EQ(told("node n2 is lost at 1s", {.count = 2}), "2 pods lost");
  EXPECT_EQ(told("node n2 is lost at 1s", {.kind = OutcomeKind::kNoNode}), "no effect: no node n2");
  EXPECT_EQ(told("pod w-0 is killed at 1s", {.kind = OutcomeKind::kNoPod}), "no effect: no pod w-0");
  EXPECT_EQ(told("pod w-0 is killed at 1s", {.pod = "w-0-x2x4z"}), "SIGKILL to w-0-x2x4z");
  EXPECT_EQ(told("pod w is killed at 1s", {.kind = OutcomeKind::kPodNotRunning, .pod = "w-0-x2x4z"}),
            "no effect: no container of w-0-x2x4z is running");
  EXPECT_EQ(told("container c of pod w exits 3 at 1s", {.kind = OutcomeKind::kNoContainer, .pod = "w-0-x2x4z"}),
            "no effect: no container c in w-0-x2x4z");
  EXPECT_FALSE(IncidentOutcome{.kind = OutcomeKind::kNotDue}.happened());
}

TEST(Incident, WhatTheComponentsWrite) {
  EXPECT_EQ(DisruptionTargetOf(FaultKind::kNodeDrained).reason, "EvictionByEvictionAPI");
  EXPECT_EQ(DisruptionTargetOf(FaultKind::kNodeLost).message, "PodGC: node no longer exists");
  EXPECT_EQ(DisruptionTargetOf(FaultKind::kPodKilled).reason, "");
  EXPECT_EQ(PodEndOf(FaultKind::kNodeShutDown).reason, "Terminated");
}

}  // namespace
}  // namespace reprieve::world
