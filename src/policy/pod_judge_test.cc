#include "policy/pod_judge.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::policy {
namespace {

batch::PodFailurePolicy FailJobOn(std::int32_t code) {
  batch::PodFailurePolicy policy;
  batch::PodFailurePolicyRule& rule = policy.rules.emplace_back();
  rule.action = batch::FailureAction::kFailJob;
  rule.on_exit_codes.emplace().op = batch::ExitCodeOperator::kIn;
  rule.on_exit_codes->values = {code};
  return policy;
}

core::Pod Exited(std::int32_t code, std::string_view message = "") {
  core::Pod pod;
  pod.status.phase = core::PodPhase::kFailed;
  core::ContainerStatus& main = pod.status.container_statuses.emplace_back();
  main.name = "main";
  main.state.terminated.emplace().exit_code = code;
  main.state.terminated->message = message;
  return pod;
}

TEST(PodJudge, PodsThatFailInTheSameWayShareOneJudgement) {
  PodJudge judge;
  judge.SetPolicy(FailJobOn(42));
  const auto first = judge.Judge(Exited(42));
  EXPECT_EQ(first->verdict.action, batch::FailureAction::kFailJob);
  EXPECT_EQ(first->phrase, "exited 42 in container main");
  EXPECT_TRUE(judge.Judge(Exited(42)).SharesWith(first));
}

TEST(PodJudge, PodsThatARuleOrAMessageDistinguishesAreJudgedSeparately) {
  PodJudge judge;
  judge.SetPolicy(FailJobOn(42));
  const auto plain = judge.Judge(Exited(42));
  EXPECT_FALSE(judge.Judge(Exited(42, "out of disk")).SharesWith(plain));
  EXPECT_EQ(judge.Judge(Exited(41))->verdict.action, batch::FailureAction::kCount);
  core::Pod disrupted = Exited(42);
  core::PodCondition& condition = disrupted.status.conditions.emplace_back();
  condition.type = "DisruptionTarget";
  condition.status = "True";
  EXPECT_FALSE(judge.Judge(disrupted).SharesWith(plain));
  core::Pod deleted = Exited(42);
  deleted.metadata.EditDeletion().timestamp = Time{};
  EXPECT_FALSE(judge.Judge(deleted).SharesWith(plain));
}

TEST(PodJudge, AnotherPolicyJudgesAgain) {
  PodJudge judge;
  judge.SetPolicy(FailJobOn(42));
  EXPECT_EQ(judge.Judge(Exited(42))->verdict.action, batch::FailureAction::kFailJob);
  judge.SetPolicy(std::nullopt);
  EXPECT_EQ(judge.Judge(Exited(42))->verdict.action, batch::FailureAction::kCount);
}

TEST(PodJudge, MoreKindsOfFailureThanAreRememberedReplaceEachOther) {
  PodJudge judge;
  judge.SetPolicy(FailJobOn(7));
  for (std::int32_t round = 0; round < 3; ++round) {
    for (std::int32_t code = 1; code < 30; ++code) {
      const auto judged = judge.Judge(Exited(code));
      EXPECT_EQ(judged->verdict.action == batch::FailureAction::kFailJob, code == 7);
      EXPECT_EQ(judged->phrase, Cat("exited ", code, " in container main"));
    }
  }
}

}  // namespace
}  // namespace reprieve::policy
