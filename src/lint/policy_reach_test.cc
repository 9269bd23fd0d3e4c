#include "lint/policy_reach.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/random.h"
#include "model/testing.h"

namespace reprieve::lint {
namespace {

using batch::ExitCodeOperator;
using batch::FailureAction;

constexpr std::int32_t kCodes[] = {1, 2, 3, 42, 130, 137, 143, 255};
constexpr const char* kContainers[] = {"main", "aux", "init", "side"};

batch::JobSpec AJob(std::vector<core::Container> containers, std::vector<core::Container> inits) {
  batch::JobSpec out;
  out.pod_template.spec =
      testing::Shared(testing::ASpec(core::RestartPolicy::kNever, std::move(containers), std::move(inits)));
  return out;
}

batch::PodFailurePolicy RandomPolicy(Random& random) {
  batch::PodFailurePolicy out;
  const std::size_t rules = 1 + random.Below(5);
  for (std::size_t r = 0; r < rules; ++r) {
    batch::PodFailurePolicyRule& rule = out.rules.emplace_back();
    rule.action = static_cast<FailureAction>(random.Below(4));
    if (random.Below(4) == 0) {
      rule.on_pod_conditions.emplace_back().type = random.Below(3) == 0 ? "Ready" : "DisruptionTarget";
      rule.on_pod_conditions[0].status = random.Below(3) == 0 ? "False" : "True";
      continue;
    }
    batch::OnExitCodes& codes = rule.on_exit_codes.emplace();
    codes.op = random.Below(2) == 0 ? ExitCodeOperator::kIn : ExitCodeOperator::kNotIn;
    if (random.Below(2) == 0) codes.container_name = kContainers[random.Below(4)];
    for (const std::int32_t code : kCodes) {
      if (random.Below(3) == 0) codes.values.push_back(code);
    }
    if (codes.values.empty()) codes.values.push_back(42);
  }
  return out;
}

// Rule, container and exit code that decided; of a condition, its type and 0.
using Decision = std::tuple<std::int32_t, std::string, std::int32_t>;

void Record(const policy::PodVerdict& verdict, std::set<Decision>& out) {
  if (!verdict.match) return;
  if (const auto* exit = ExitOf(verdict)) {
    out.insert({verdict.match->rule, exit->container.str(), exit->exit_code});
  } else {
    out.insert({verdict.match->rule, std::get<policy::ConditionEvidence>(verdict.match->evidence).type.str(), 0});
  }
}

core::ContainerStatus Ended(std::string_view name, std::int32_t code) {
  core::ContainerStatus out;
  out.name = name;
  out.state.terminated.emplace().exit_code = code;
  return out;
}

// Every code of `main`, with some of each other container, disrupted or not.
std::set<Decision> BruteForce(const batch::PodFailurePolicy& policy) {
  std::set<Decision> out;
  for (const char* disruption : {"", "True", "False"}) {
    for (const std::int32_t aux : {0, 1, 77}) {
      for (const std::int32_t side : {0, 143, 200}) {
        for (const std::int32_t init : {0, 2}) {
          for (std::int32_t main = 0; main <= 255; ++main) {
            core::Pod pod;
            pod.status.phase = core::PodPhase::kFailed;
            core::PodCondition ready;
            ready.type = "Ready";
            ready.status = "False";
            pod.status.conditions.emplace_back(ready);
            if (*disruption != '\0') {
              ready.type = "DisruptionTarget";
              ready.status = disruption;
              pod.status.conditions.emplace_back(ready);
            }
            pod.status.container_statuses.emplace_back(Ended("main", main));
            pod.status.container_statuses.emplace_back(Ended("aux", aux));
            pod.status.init_container_statuses.emplace_back(Ended("init", init));
            pod.status.init_container_statuses.emplace_back(Ended("side", side));
            Record(policy::JudgePod(policy, pod), out);
          }
        }
      }
    }
  }
  return out;
}

// The same from the reach: a code that stands for others stands for each.
std::set<Decision> Reached(const PolicyReach& reach) {
  std::set<Decision> out;
  std::set<std::int32_t> named;
  std::int32_t rest = 0;
  for (const CodeClass& code : reach.codes) (code.size == 1 ? void(named.insert(code.code)) : void(rest = code.code));
  for (std::size_t e = 0; e < reach.endings.size(); ++e) {
    std::set<Decision> one;
    Record(reach.verdicts[e], one);
    for (const auto& [rule, what, code] : one) {
      out.insert({rule, what, code});
      for (std::int32_t other = 1; code == rest && other <= 255; ++other) {
        if (!named.contains(other)) out.insert({rule, what, other});
      }
    }
  }
  return out;
}

TEST(PolicyReach, IsWhatBruteForceOverAllExitCodesFinds) {
  Random random(20261129);
  for (int round = 0; round < 16; ++round) {
    batch::JobSpec job = AJob({testing::AContainer("main"), testing::AContainer("aux")},
                              {testing::AContainer("init"), testing::ASidecar("side")});
    job.pod_failure_policy = RandomPolicy(random);
    const std::set<Decision> brute = BruteForce(*job.pod_failure_policy);
    const std::set<Decision> reached = Reached(Reach(job));
    for (const Decision& decision : brute) {
      EXPECT_TRUE(reached.contains(decision)) << "round " << round << ": rule " << std::get<0>(decision) << " by "
                                              << std::get<1>(decision) << " " << std::get<2>(decision);
    }
    // Of the other containers brute force tries only some codes.
    for (const Decision& decision : reached) {
      if (std::get<1>(decision) != "main" && std::get<1>(decision) != "DisruptionTarget") continue;
      EXPECT_TRUE(brute.contains(decision)) << "round " << round << ": rule " << std::get<0>(decision) << " by "
                                            << std::get<1>(decision) << " " << std::get<2>(decision);
    }
  }
}

TEST(PolicyReach, ACodeAtWhichAContainerRestartsIsNoEndOfItsOwn) {
  batch::JobSpec job = AJob({testing::WithRule(testing::AContainer("main"), "Restart", "In", {42})}, {});
  const PolicyReach reach = Reach(job);
  for (const PodEnding& ending : reach.endings) {
    EXPECT_FALSE(ending.kind == EndingKind::kExit && ending.exit_code == 42);
  }
}

TEST(PolicyReach, CodesThatNoRuleNamesAreOneClassOfAllOthers) {
  batch::JobSpec job = AJob({testing::AContainer("main")}, {});
  std::int32_t sum = 0;
  for (const CodeClass& code : CodeClasses(job)) sum += code.size;
  EXPECT_EQ(sum, 255);
}

TEST(PolicyReach, APolicyThatNamesEveryCodeLeavesNoOther) {
  batch::JobSpec job = AJob({testing::AContainer("main")}, {});
  batch::PodFailurePolicyRule& rule = job.pod_failure_policy.emplace().rules.emplace_back();
  rule.action = FailureAction::kFailJob;
  rule.on_exit_codes.emplace().op = ExitCodeOperator::kNotIn;
  for (std::int32_t code = 1; code <= 255; ++code) rule.on_exit_codes->values.push_back(code);
  EXPECT_EQ(CodeClasses(job).size(), 255U);
  EXPECT_TRUE(Reach(job).rules[0].matches.empty());
}

}  // namespace
}  // namespace reprieve::lint
