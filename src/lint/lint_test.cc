#include "lint/lint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "admission/manifest.h"
#include "base/random.h"
#include "base/text.h"
#include "document/locate.h"
#include "policy/jobset_failure_policy.h"

namespace reprieve::lint {
namespace {

using document::Value;

std::string Indented(std::string_view text, std::size_t columns) {
  std::string out;
  for (const std::string_view line : Split(text, '\n')) {
    if (!Trim(line).empty()) AppendTo(out, std::string(columns, ' '), line, "\n");
  }
  return out;
}

// Codes, each with its severity if that is not the code's own: "RP001 RP006(info)", sorted.
std::string Codes(std::vector<Finding> findings) {
  std::vector<std::string> words;
  for (const Finding& finding : findings) {
    const CodeFacts& facts = FactsOf(finding.code);
    words.push_back(Cat(facts.id, facts.severity == finding.severity ? "" : Cat("(", NameOf(finding.severity), ")")));
  }
  std::sort(words.begin(), words.end());
  return Join(words, " ");
}

std::vector<Finding> FindInJob(std::string text) {
  const admission::Manifests read = admission::ParseManifests("job.yaml", std::move(text));
  EXPECT_TRUE(read.errors.empty()) << read.errors[0].Text();
  const Value& manifest = read.objects.at(0).value;
  const admission::Answer answer = admission::CreateJob(manifest, {"default", "Strict", "UID", "", Time{}, {}});
  EXPECT_TRUE(answer.ok()) << answer.message;
  batch::Job job;
  FromValue(answer.object, job);
  return LintJob(job, manifest);
}

std::vector<Finding> FindInJobSet(std::string text) {
  const admission::Manifests read = admission::ParseManifests("jobset.yaml", std::move(text));
  EXPECT_TRUE(read.errors.empty()) << read.errors[0].Text();
  const Value& manifest = read.objects.at(0).value;
  const std::string& own = manifest["metadata"]["namespace"].AsText();
  const std::string name_space = own.empty() ? "default" : own;
  const admission::Request request = {name_space, "Strict", "UID", "", Time{}, {}};
  const admission::Answer answer =
      admission::CreateJobSet(manifest, {request, {true, true, true}, [](const std::string&) { return Value(); }});
  EXPECT_TRUE(answer.ok()) << answer.message;
  jobset::JobSet jobset;
  FromValue(answer.object, jobset);
  return LintJobSet(jobset, manifest, {});
}

// A Job with these fields in its spec and its pod's spec, and one container main; with a deadline unless one is given.
std::string JobText(std::string_view spec, std::string_view pod = "restartPolicy: Never",
                    std::string_view container = "command: [train]") {
  return Cat("apiVersion: batch/v1\nkind: Job\nmetadata: {name: train}\nspec:\n",
             spec.find("Deadline") == std::string_view::npos ? "  activeDeadlineSeconds: 86400\n" : "",
             Indented(spec, 2), "  template:\n    spec:\n", Indented(pod, 6),
             "      containers:\n      - name: main\n        image: train\n", Indented(container, 8));
}
std::string InJob(std::string_view spec, std::string_view pod = "restartPolicy: Never",
                  std::string_view container = "command: [train]") {
  return Codes(FindInJob(JobText(spec, pod, container)));
}

// A Job with these rules, each a line of YAML.
std::string InRules(std::vector<std::string> rules, std::string_view pod = "restartPolicy: Never",
                    std::string_view container = "command: [train]") {
  return InJob(Cat("podFailurePolicy:\n  rules:\n  - ", Join(rules, "\n  - ")), pod, container);
}

constexpr const char* kIgnoreDisruption = "{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}";

std::string Rule(std::string_view action, std::string_view op, std::string_view values) {
  return Cat("{action: ", action, ", onExitCodes: {containerName: main, operator: ", op, ", values: [", values, "]}}");
}

// A JobSet with this failure policy and these replicated jobs, each two pods that end by their first failure.
struct Group {
  std::string name;
  std::string spec = "backoffLimit: 0";
  std::string replicas = "1";
};
std::string JobSetText(std::string_view policy, const std::vector<Group>& groups,
                       std::string_view metadata = "name: train") {
  std::string text = Cat("apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {", metadata, "}\nspec:\n",
                         policy.empty() ? "" : "  failurePolicy:\n", Indented(policy, 4), "  replicatedJobs:\n");
  for (const Group& group : groups) {
    AppendTo(text, "  - name: ", group.name, "\n    replicas: ", group.replicas,
             "\n    template:\n      spec:\n        completions: 12\n        parallelism: 12\n",
             "        activeDeadlineSeconds: 86400\n", Indented(group.spec, 8),
             "        template:\n          spec:\n            restartPolicy: Never\n            containers:\n"
             "            - {name: main, image: train}\n");
  }
  return text;
}
std::string InJobSet(std::string_view policy, const std::vector<Group>& groups,
                     std::string_view metadata = "name: train") {
  return Codes(FindInJobSet(JobSetText(policy, groups, metadata)));
}

constexpr const char* kForgiving =
    "backoffLimit: 0\npodFailurePolicy:\n  rules:\n"
    "  - {action: FailJob, onPodConditions: [{type: DisruptionTarget}]}\n"
    "  - {action: FailJob, onExitCodes: {operator: In, values: [1, 12]}}";
constexpr const char* kForgive =
    "- {action: RestartJobSetAndIgnoreMaxRestarts, onJobFailureMessagePatterns: [condition DisruptionTarget]}\n";

TEST(Lint, RulesThatNothingReachesAreFound) {
  EXPECT_EQ(InRules({kIgnoreDisruption, Rule("FailJob", "In", "42")}), "");
  EXPECT_EQ(InRules({Rule("Count", "In", "1, 42"), Rule("FailJob", "In", "42")}), "RP001");
  EXPECT_EQ(InRules({Rule("FailJob", "In", "41, 42"), Rule("FailJob", "In", "42")}), "RP001(info)");
  EXPECT_EQ(InRules({Rule("Count", "In", "42"), Rule("FailJob", "In", "42, 43")}), "RP002");
  EXPECT_EQ(InRules({Rule("FailJob", "In", "42"), Rule("FailJob", "In", "42, 43")}), "RP002(info)");
  // The special case before the general one is how rules are meant.
  EXPECT_EQ(InRules({kIgnoreDisruption, Rule("Count", "In", "42"), Rule("FailJob", "NotIn", "1")}), "");
}

TEST(Lint, SeveralRulesTogetherShadowALaterOne) {
  EXPECT_EQ(InRules({Rule("Count", "In", "41"), Rule("Count", "In", "42"), Rule("FailJob", "In", "41, 42")}), "RP001");
  EXPECT_EQ(
      InRules({"{action: Count, onPodConditions: [{type: Ready, status: 'False'}]}", Rule("FailJob", "In", "42")}),
      "RP001");
}

TEST(Lint, ConditionsThatAFailedPodNeverHasAreFound) {
  const auto on = [](std::string_view condition) {
    return InRules({Cat("{action: FailJob, onPodConditions: [", condition, "]}")});
  };
  EXPECT_EQ(on("{type: Ready}"), "RP003");
  EXPECT_EQ(on("{type: DisruptionTargets}"), "RP003");
  EXPECT_EQ(on("{type: example.com/Broken}"), "RP003(info)");
  EXPECT_EQ(on("{type: DisruptionTarget}, {type: Ready}"), "RP003");
  EXPECT_EQ(on("{type: DisruptionTarget, status: 'False'}"), "");
  EXPECT_EQ(InRules({"{action: FailJob, onPodConditions: [{type: example.com/Broken}]}"},
                    "restartPolicy: Never\nreadinessGates: [{conditionType: example.com/Broken}]"),
            "");
}

TEST(Lint, ACodeAtWhichTheContainerRestartsIsFound) {
  const std::string restarts =
      "restartPolicy: Never\nrestartPolicyRules:\n- {action: Restart, exitCodes: {operator: In, values: [42]}}";
  EXPECT_EQ(InRules({kIgnoreDisruption, Rule("FailJob", "In", "42")}, "restartPolicy: Never", restarts), "RP003");
  EXPECT_EQ(InRules({kIgnoreDisruption, Rule("FailJob", "In", "42, 43")}, "restartPolicy: Never", restarts), "");
}

TEST(Lint, ASidecarThatExitsFailsNoPod) {
  EXPECT_EQ(
      InRules({kIgnoreDisruption, "{action: FailJob, onExitCodes: {containerName: proxy, operator: In, values: [42]}}"},
              "restartPolicy: Never\ninitContainers: [{name: proxy, image: p, restartPolicy: Always}]"),
      "RP003");
}

TEST(Lint, AFailJobRuleBesideBackoffLimitZeroIsRedundantUnlessItChangesSomething) {
  const auto with = [](const std::vector<std::string>& rules) {
    return InJob(Cat("backoffLimit: 0\npodFailurePolicy:\n  rules:\n  - ", Join(rules, "\n  - ")));
  };
  EXPECT_EQ(with({Rule("FailJob", "In", "42")}), "RP004");
  // Without it, the next rule would ignore 42.
  EXPECT_EQ(with({kIgnoreDisruption, Rule("FailJob", "In", "42"), Rule("Ignore", "In", "42, 43")}), "RP002");
}

TEST(Lint, NotInThatCatchesPreemptedPodsIsFoundWhereItDoesHarm) {
  EXPECT_EQ(InRules({Rule("FailJob", "NotIn", "143")}), "RP005");
  EXPECT_EQ(InRules({Rule("FailJob", "NotIn", "137")}), "RP005");
  EXPECT_EQ(InRules({Rule("FailJob", "NotIn", "137, 143")}), "");
  EXPECT_EQ(InRules({Rule("Count", "NotIn", "143")}), "");
  EXPECT_EQ(InRules({kIgnoreDisruption, Rule("FailJob", "NotIn", "143")}), "");
  // The Job ends by its first failure anyway.
  EXPECT_EQ(InJob(Cat("backoffLimit: 0\npodFailurePolicy: {rules: [", Rule("FailJob", "NotIn", "143"), "]}")), "RP004");
}

TEST(Lint, FailJobBeforeTheRuleForDisruptionsIsMilderForCodesOfTheProgramsOwn) {
  EXPECT_EQ(InRules({Rule("FailJob", "In", "1"), kIgnoreDisruption}), "RP006");
  EXPECT_EQ(InRules({Rule("FailJob", "In", "42"), kIgnoreDisruption}), "RP006(info)");
  EXPECT_EQ(InRules({Rule("FailJob", "In", "42")}), "");
  EXPECT_EQ(InRules({Rule("Count", "In", "1"), kIgnoreDisruption}), "");
}

TEST(Lint, ExitCodesThatMeanSomethingElseAreFound) {
  EXPECT_EQ(InRules({Rule("Ignore", "In", "137")}), "RP007");
  EXPECT_EQ(InRules({Rule("Ignore", "In", "143")}), "");
  EXPECT_EQ(InRules({Rule("Count", "In", "137"), Rule("Ignore", "In", "137, 143")}), "RP002");
  EXPECT_EQ(InRules({Rule("FailJob", "In", "-1, 256")}), "RP008 RP008");
  EXPECT_EQ(InRules({Rule("FailJob", "In", "300")}, "restartPolicy: Never\nnodeSelector: {kubernetes.io/os: windows}"),
            "");
}

TEST(Lint, RulesWithoutContainerNameJudgeByHelpers) {
  const std::string rule = "{action: FailJob, onExitCodes: {operator: In, values: [143]}}";
  const std::string other = "{action: FailJob, onExitCodes: {operator: In, values: [42]}}";
  const std::string sidecar = "restartPolicy: Never\ninitContainers: [{name: proxy, image: p, restartPolicy: Always}]";
  const std::string init = "restartPolicy: Never\ninitContainers: [{name: setup, image: p}]";
  EXPECT_EQ(InRules({kIgnoreDisruption, rule}), "");
  EXPECT_EQ(InRules({kIgnoreDisruption, rule}, sidecar), "RP009");
  EXPECT_EQ(InRules({kIgnoreDisruption, other}, sidecar), "");
  EXPECT_EQ(InRules({kIgnoreDisruption, other}, init), "RP009(info)");
  EXPECT_EQ(InRules({kIgnoreDisruption, Rule("FailJob", "In", "42")}, init), "");
}

TEST(Lint, IgnoringMostCodesHasNoEnd) {
  const auto with = [](const std::string& rule, std::string_view deadline) {
    return InJob(Cat(deadline, "podFailurePolicy: {rules: [", rule, "]}\n# Deadline"));
  };
  EXPECT_EQ(with(Rule("Ignore", "NotIn", "42"), ""), "RP016 RP017(info)");
  EXPECT_EQ(with("{action: Ignore, onPodConditions: [{type: Ready, status: 'False'}]}", ""), "RP016 RP017(info)");
  EXPECT_EQ(with(Rule("Ignore", "NotIn", "42"), "activeDeadlineSeconds: 60000\n"), "");
  EXPECT_EQ(with(Rule("Ignore", "In", "42"), ""), "RP017(info)");
}

TEST(Lint, ALostNodeHangsAJobWithoutDeadline) {
  EXPECT_EQ(InJob("podReplacementPolicy: Failed\n# no Deadline"), "RP017");
  EXPECT_EQ(InJob("podReplacementPolicy: TerminatingOrFailed\n# no Deadline"), "");
  EXPECT_EQ(InJob("podReplacementPolicy: Failed"), "");
}

TEST(Lint, BackoffIsComparedWithTheDeadline) {
  // 10 s and 20 s and 40 s.
  EXPECT_EQ(InJob("backoffLimit: 3\nactiveDeadlineSeconds: 70"), "RP018");
  EXPECT_EQ(InJob("backoffLimit: 3\nactiveDeadlineSeconds: 71"), "");
  EXPECT_EQ(InJob("activeDeadlineSeconds: 600"), "RP018(info)");
  EXPECT_EQ(InJob("completionMode: Indexed\ncompletions: 2\nbackoffLimitPerIndex: 3\nactiveDeadlineSeconds: 70"),
            "RP018");
  EXPECT_EQ(InJob("backoffLimit: 0\nactiveDeadlineSeconds: 1"), "");
}

TEST(Lint, LimitsPerIndexThatContradictAreFound) {
  const std::string indexed = "completionMode: Indexed\ncompletions: 4\nparallelism: 4\n";
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 3\nbackoffLimit: 3"), "RP019");
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 3\nbackoffLimit: 4"), "");
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 3\nmaxFailedIndexes: 4"), "RP019(info)");
  const std::string fail_index =
      "\npodFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [42]}}]}";
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 3\nmaxFailedIndexes: 0" + fail_index), "RP019");
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 0" + fail_index), "RP019(info)");
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 3" + fail_index), "");
  EXPECT_EQ(InJob(indexed + "backoffLimitPerIndex: 3", "restartPolicy: OnFailure"), "RP020");
}

TEST(Lint, EvidenceThatGoesIsFound) {
  EXPECT_EQ(InJob("backoffLimit: 3", "restartPolicy: OnFailure"), "RP021");
  EXPECT_EQ(InJob("ttlSecondsAfterFinished: 59"), "RP022");
  EXPECT_EQ(InJob("ttlSecondsAfterFinished: 60"), "RP022(info)");
  EXPECT_EQ(InJob("ttlSecondsAfterFinished: 3600"), "");
}

TEST(Lint, ATtlInsideAJobSetRunsFinishedJobsAgain) {
  const std::string ttl = "backoffLimit: 0\nttlSecondsAfterFinished: 86400";
  EXPECT_EQ(InJobSet("", {{"a", ttl}}), "");
  EXPECT_EQ(InJobSet("", {{"a", ttl, "2"}}), "RP028");
  EXPECT_EQ(InJobSet("", {{"a", ttl}, {"b"}}), "RP028");
  EXPECT_EQ(InJobSet("", {{"a", ttl}, {"b", "backoffLimit: 0", "0"}}), "");
}

TEST(Lint, ReasonsThatTheJobsCannotFailWithAreFound) {
  const auto on = [](std::string_view reasons, std::string spec) {
    return InJobSet(Cat("maxRestarts: 3\nrules:\n- {action: RestartJobSet, onJobFailureReasons: [", reasons, "]}"),
                    {{"w", std::move(spec)}});
  };
  EXPECT_EQ(on("PodFailurePolicy", "backoffLimit: 0"), "RP003 RP010(info)");
  EXPECT_EQ(on("FailedIndexes", "backoffLimit: 0"), "RP003 RP010(info)");
  EXPECT_EQ(on("BackoffLimitExceeded", "backoffLimit: 0"), "RP010(info)");
  EXPECT_EQ(on("DeadlineExceeded", "backoffLimit: 0"), "RP010(info)");
  EXPECT_EQ(on("BackoffLimitExceeded, PodFailurePolicy", "backoffLimit: 0"), "RP003(info) RP010(info)");
}

TEST(Lint, RulesOfAJobSetAreReachedOrNot) {
  const std::string first = "maxRestarts: 3\nrules:\n- {action: RestartJobSet}\n";
  EXPECT_EQ(InJobSet(first + "- {action: FailJobSet, onJobFailureReasons: [BackoffLimitExceeded]}", {{"w"}}),
            "RP001 RP010(info)");
  EXPECT_EQ(InJobSet(first + "- {action: RestartJobSet, targetReplicatedJobs: [w]}", {{"w"}}),
            "RP001(info) RP010(info)");
  EXPECT_EQ(InJobSet("maxRestarts: 3\nrules:\n- {action: RestartJobSet, onJobFailureReasons: [DeadlineExceeded]}\n"
                     "- {action: FailJobSet, onJobFailureReasons: [DeadlineExceeded, BackoffLimitExceeded]}",
                     {{"w"}}),
            "RP002 RP010(info)");
  EXPECT_EQ(InJobSet("maxRestarts: 3\nrules:\n- {action: FailJobSet, targetReplicatedJobs: [v, w]}",
                     {{"v", "backoffLimit: 0", "0"}, {"w"}}),
            "RP003(info)");
}

// Several Jobs that fail at once reach no rule that a single one doesn't: random policies against brute force over up
// to three Jobs, each with each reason.
TEST(Lint, RulesOfAJobSetThatNothingReachesAreThoseThatBruteForceNeverSees) {
  const std::vector<std::string> kReasons = {"BackoffLimitExceeded", "DeadlineExceeded", "FailedIndexes",
                                             "MaxFailedIndexesExceeded", "PodFailurePolicy"};
  const std::vector<std::string> kJobs = {"a", "b"};
  Random random(20261129);
  for (int round = 0; round < 25; ++round) {
    jobset::FailurePolicy policy;
    std::string text = "maxRestarts: 3\nrules:\n";
    for (std::uint64_t r = 0, count = 1 + random.Below(5); r < count; ++r) {
      jobset::FailurePolicyRule& rule = policy.rules.emplace_back();
      for (const std::string& reason : kReasons) {
        if (random.OneIn(3)) rule.on_job_failure_reasons.push_back(reason);
      }
      if (random.OneIn(2)) rule.target_replicated_jobs.push_back(kJobs[random.Below(2)]);
      rule.action = random.OneIn(2) ? jobset::FailureAction::kFailJobSet : jobset::FailureAction::kRestartJobSet;
      AppendTo(text, "- {action: ", NameOf(rule.action), ", onJobFailureReasons: [",
               Join(rule.on_job_failure_reasons, ", "), "], targetReplicatedJobs: [",
               Join(rule.target_replicated_jobs, ", "), "]}\n");
    }
    std::set<std::size_t> seen;
    std::vector<policy::FailedJob> failed;
    const policy::JobSetFailureJudge judge(policy);
    const auto add = [&](auto&& more, std::size_t depth) -> void {
      for (const std::string& job : kJobs) {
        for (const std::string& reason : kReasons) {
          failed.push_back({"train-0", job, reason, "message", std::nullopt});
          const auto first = judge.Judge(failed).front();
          if (first.rule) seen.insert(static_cast<std::size_t>(*first.rule));
          if (depth < 3) more(more, depth + 1);
          failed.pop_back();
        }
      }
    };
    add(add, 1);
    // Each Job can fail forevery reason.
    const std::string spec =
        "backoffLimit: 0\nbackoffLimitPerIndex: 0\nmaxFailedIndexes: 1\npodFailurePolicy: {rules: [{action: FailJob, "
        "onExitCodes: {operator: In, values: [42]}}]}";
    std::set<std::size_t> unreached;
    for (const Finding& finding : FindInJobSet(JobSetText(text, {{"a", spec}, {"b", spec}}))) {
      if (finding.code != Code::kShadowedRule) continue;
      unreached.insert(static_cast<std::size_t>(finding.field.at(finding.field.find('[') + 1) - '0'));
    }
    for (std::size_t r = 0; r < policy.rules.size(); ++r) {
      EXPECT_NE(seen.contains(r), unreached.contains(r)) << "rule " << r << " of\n" << text;
    }
  }
}

TEST(Lint, ARuleThatRestartsNeedsRestarts) {
  const std::string rule = "rules:\n- {action: RestartJobSet, onJobFailureReasons: [BackoffLimitExceeded]}";
  EXPECT_EQ(InJobSet("maxRestarts: 0\n" + rule, {{"w"}}), "RP010(info) RP012");
  EXPECT_EQ(InJobSet(rule, {{"w"}}), "RP010(info) RP012");
  EXPECT_EQ(InJobSet("maxRestarts: 1\n" + rule, {{"w"}}), "RP010(info)");
  EXPECT_EQ(InJobSet("rules:\n- {action: RestartJobSetAndIgnoreMaxRestarts, onJobFailureReasons: [DeadlineExceeded]}",
                     {{"w"}}),
            "RP010(info)");
}

TEST(Lint, ADisruptionThatOneJobForgivesAndAnotherDoesNotIsFound) {
  const std::string policy = Cat("maxRestarts: 3\nrules:\n", kForgive);
  EXPECT_EQ(InJobSet(policy, {{"leader", kForgiving}, {"workers", kForgiving}}), "");
  EXPECT_EQ(InJobSet(policy, {{"leader", kForgiving}, {"workers"}}), "RP010");
  EXPECT_EQ(InJobSet("maxRestarts: 3", {{"leader"}, {"workers"}}), "RP010(info) RP010(info)");
  // Without restarts there is no gang that restarts.
  EXPECT_EQ(InJobSet("", {{"leader"}, {"workers"}}), "");
}

TEST(Lint, RetriesInsideAGangAreFound) {
  const std::string policy = Cat("maxRestarts: 3\nrules:\n", kForgive);
  std::string retried = kForgiving;
  retried.replace(retried.find("backoffLimit: 0"), 15, "backoffLimit: 2");
  EXPECT_EQ(InJobSet(policy, {{"w", retried}}), "RP011");
  retried.replace(retried.find("backoffLimit: 2"), 15, "");
  EXPECT_EQ(InJobSet(policy, {{"w", retried}}), "RP011");
}

TEST(Lint, RestartsWithoutEndAreFound) {
  const auto with = [](std::string_view rule) {
    return InJobSet(Cat("maxRestarts: 3\nrules:\n- {action: ", rule, "}"), {{"a"}, {"b"}});
  };
  EXPECT_EQ(with("RestartJobSetAndIgnoreMaxRestarts"), "RP016");
  EXPECT_EQ(with("RestartJobSetAndIgnoreMaxRestarts, onJobFailureReasons: [BackoffLimitExceeded]"), "RP016");
  EXPECT_EQ(with("RestartJobSetAndIgnoreMaxRestarts, targetReplicatedJobs: [a]"), "RP010(info) RP016(info)");
  EXPECT_EQ(with("RestartJobSetAndIgnoreMaxRestarts, onJobFailureReasons: [DeadlineExceeded]"),
            "RP010(info) RP010(info)");
}

TEST(Lint, MessagePatternsAreComparedWithTheMessagesThatThereCanBe) {
  const auto with = [](std::string_view pattern, std::string_view metadata = "name: train") {
    return InJobSet(Cat("maxRestarts: 3\nrules:\n", kForgive, "- {action: FailJobSet, onJobFailureMessagePatterns: ['",
                        pattern, "']}"),
                    {{"w", kForgiving}}, metadata);
  };
  EXPECT_EQ(with("("), "RP013");
  EXPECT_EQ(with("CUDA"), "RP014");
  EXPECT_EQ(with("backoff limit"), "");
  EXPECT_EQ(with("exit code 12 "), "");
  EXPECT_EQ(with("exit code 1"), "RP015");
  EXPECT_EQ(with("exit code 1$"), "RP014");
  EXPECT_EQ(with("exit code 1\\b"), "");
  EXPECT_EQ(with("exit code (1|12) "), "");
  EXPECT_EQ(with("pod default/train-w-0-"), "");
  EXPECT_EQ(with("train-w-0-11-"), "");
  EXPECT_EQ(with("train-w-0-12-"), "RP014");
  EXPECT_EQ(with("train-w-0-1"), "RP015");
  // Where no namespace is written, it may be any.
  EXPECT_EQ(with("pod prod/"), "");
  EXPECT_EQ(with("pod prod/", "name: train, namespace: test"), "RP014");
}

TEST(Lint, LabelsAndAnnotationsThatNothingReadsAreFound) {
  const auto with = [](std::string_view metadata) { return InJobSet("", {{"w"}}, Cat("name: t, ", metadata)); };
  EXPECT_EQ(with("annotations: {alpha.jobset.sigs.k8s.io/exclusive-topology: rack}"), "");
  EXPECT_EQ(with("annotations: {jobset.sigs.k8s.io/exclusive-topology: rack}"), "RP025");
  EXPECT_EQ(with("annotations: {alpha.jobset.x-k8s.io/exclusive-topology: rack}"), "RP025");
  EXPECT_EQ(with("annotations: {alpha.jobset.sigs.k8s.io/exclusive-topolgy: rack}"), "RP025");
  EXPECT_EQ(with("labels: {alpha.jobset.sigs.k8s.io/exclusive-topology: rack}"), "RP025");
  EXPECT_EQ(with("labels: {kueue.x-k8s.io/queue-name: q, app.kubernetes.io/name: t, team: a}"), "");
  EXPECT_EQ(with("annotations: {kueue.x-k8s.io/queue-name: q}"), "RP025");
  EXPECT_EQ(with("labels: {jobset.sigs.k8s.io/jobset-name: t}"), "");
}

TEST(Lint, EveryFindingNamesAFieldThatIsInTheManifest) {
  const std::string text = JobText("backoffLimit: 3\nactiveDeadlineSeconds: 30\npodFailurePolicy: {rules: [" +
                                   Rule("Ignore", "In", "137, 300") + "]}");
  const admission::Manifests read = admission::ParseManifests("job.yaml", text);
  for (const Finding& finding : FindInJob(text)) {
    EXPECT_GT(document::Locate(read.objects[0].value, finding.field).line, 3U) << finding.field;
  }
}

}  // namespace
}  // namespace reprieve::lint
