#include "policy/failure_facts.h"

#include <gtest/gtest.h>

namespace reprieve::policy {
namespace {

core::Pod Ended(std::string_view container, std::int32_t code, std::string_view reason, std::string_view message = "") {
  core::Pod pod;
  core::ContainerStatus& status = pod.status.container_statuses.emplace_back();
  status.name = container;
  core::ContainerStateTerminated& end = status.state.terminated.emplace();
  end.exit_code = code;
  end.reason = reason;
  end.message = message;
  return pod;
}

void AddCondition(core::Pod& pod, std::string_view type, std::string_view reason) {
  core::PodCondition& condition = pod.status.conditions.emplace_back();
  condition.type = type;
  condition.status = "True";
  condition.reason = reason;
}

TEST(FailureFacts, AnExitHasItsContainerAndCode) {
  const FailureFacts facts = FactsOf(Ended("main", 137, "OOMKilled"), {});
  EXPECT_EQ(facts.kind, FailureKind::kExit);
  EXPECT_EQ(facts.container, "main");
  EXPECT_EQ(facts.exit_code, 137);
  EXPECT_EQ(Describe(facts), "exited 137 (OOMKilled) in container main");
  EXPECT_EQ(Describe(FactsOf(Ended("main", 3, "Error"), {})), "exited 3 in container main");
}

TEST(FailureFacts, TheLastLineOfItsMessageIsToldWithIt) {
  EXPECT_EQ(Describe(FactsOf(Ended("main", 3, "Error", "Traceback:\n  ...\nValueError: no\n\n"), {})),
            "exited 3 in container main: ValueError: no");
  EXPECT_EQ(FactsOf(Ended("main", 3, "Error", "a\nb\n"), {}).why, "a\nb\n");
  EXPECT_EQ(ShortMessage(" \n"), "");
  EXPECT_EQ(ShortMessage(std::string(200, 'x')), std::string(160, 'x') + "...");
}

TEST(FailureFacts, AnEvictionSaysWhy) {
  core::Pod pod;
  pod.status.reason = "Evicted";
  pod.status.message = "Usage of EmptyDir volume \"d\" exceeds the limit \"1Mi\". ";
  EXPECT_EQ(Describe(FactsOf(pod, {})), "failed: Evicted: Usage of EmptyDir volume \"d\" exceeds the limit \"1Mi\".");
}

TEST(FailureFacts, AProgramThatCouldNotBeStartedSaysWhy) {
  const FailureFacts facts = FactsOf(Ended("main", 128, "StartError", "/no/such: No such file or directory"), {});
  EXPECT_EQ(facts.kind, FailureKind::kNotStarted);
  EXPECT_EQ(facts.why, "/no/such: No such file or directory");
  EXPECT_EQ(Describe(facts),
            "exited 128 (StartError): could not start container main: /no/such: No such file or directory");
}

TEST(FailureFacts, ADisruptionSaysMoreThanAnExit) {
  core::Pod pod = Ended("main", 143, "Error");
  AddCondition(pod, "DisruptionTarget", "EvictionByEvictionAPI");
  const FailureFacts facts = FactsOf(pod, {});
  EXPECT_EQ(facts.kind, FailureKind::kCondition);
  EXPECT_TRUE(facts.container.empty());
  EXPECT_EQ(Describe(facts), "has condition DisruptionTarget (EvictionByEvictionAPI)");
}

TEST(FailureFacts, WhatTheRuleLookedAtComesFirst) {
  core::Pod pod = Ended("side", 7, "Error");
  AddCondition(pod, "DisruptionTarget", "EvictionByEvictionAPI");
  PodVerdict verdict;
  verdict.match = RuleMatch{0, ExitCodeEvidence{"side", 7}, {}};
  EXPECT_EQ(Describe(FactsOf(pod, verdict)), "exited 7 in container side");
}

TEST(FailureFacts, WithoutAnExit) {
  core::Pod pod;
  EXPECT_EQ(Describe(FactsOf(pod, {})), "failed without an exit code");
  pod.metadata.EditDeletion().timestamp = Time{};
  EXPECT_EQ(FactsOf(pod, {}).kind, FailureKind::kDeleted);
  pod.status.reason = "Evicted";
  EXPECT_EQ(Describe(FactsOf(pod, {})), "failed: Evicted");
}

}  // namespace
}  // namespace reprieve::policy
