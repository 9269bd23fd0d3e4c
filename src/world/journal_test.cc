#include "world/journal.h"

#include <gtest/gtest.h>

#include "document/json.h"
#include "document/yaml.h"

namespace reprieve::world {
namespace {

const Time kNow = *ParseRfc3339("2026-11-22T12:03:22.125Z");

Verdict Sample() {
  auto cause = std::make_shared<Verdict>();
  cause->at = kNow;
  cause->namespace_ = "default";
  cause->job = "train-w-0";
  cause->pod = "train-w-0-1-x";
  cause->facts = "exited 42 in container main";
  cause->container = "main";
  cause->exit_code = 42;
  cause->message = "loss is NaN";
  cause->rule = RuleReference{1, "FailJob", "train.yaml", 23};
  cause->action = "FailJob";
  cause->failed_after = 1;
  cause->consequence = "Job train-w-0 failed: PodFailurePolicy";
  cause->ends = true;
  Verdict out;
  out.at = kNow;
  out.namespace_ = "default";
  out.jobset = "train";
  out.job = "train-w-0";
  out.facts = "failed: PodFailurePolicy";
  out.rule = RuleReference{0, "RestartJobSet", "train.yaml", 9, "network", "reason PodFailurePolicy"};
  out.action = "RestartJobSet";
  out.restart = Restart{true};
  out.consequence = "restart 1 of JobSet train, 1 of 3 used";
  out.wait = std::chrono::milliseconds(10500);
  out.cause = cause;
  return out;
}

TEST(Journal, AVerdictComesBackAsItWasPrinted) {
  const Verdict was = Sample();
  Verdict is;
  FromValue((*document::ParseJson(document::WriteJson(VerdictRecord(was))))["verdict"], is);
  EXPECT_EQ(Describe(is), Describe(was));
  EXPECT_EQ(ToValue(is), ToValue(was));
}

TEST(Journal, ARestartOfOneJobIsNotOneOfTheJobSet) {
  Verdict was = Sample();
  was.restart = Restart{true, true};
  Verdict is;
  FromValue(VerdictRecord(was)["verdict"], is);
  ASSERT_TRUE(is.restart);
  EXPECT_TRUE(is.restart->one_job);
}

TEST(Journal, ARetryComesBack) {
  Verdict was;
  was.at = kNow;
  was.job = "train";
  was.pod = "train-a";
  was.facts = "exited 1 in container main";
  was.retry = Retry{1, 3, 4};
  was.wait = Seconds(20);
  Verdict is;
  FromValue((*document::ParseJson(document::WriteJson(VerdictRecord(was))))["verdict"], is);
  EXPECT_EQ(Describe(is), "train-a exited 1 in container main → retry 1 of 3 of index 4 in 20s");
  ASSERT_TRUE(is.retry);
  EXPECT_EQ(is.retry->index, 4);
  EXPECT_EQ(is.wait, Nanoseconds(Seconds(20)));
}

batch::Job Job(const std::string& yaml) {
  auto documents = document::ParseYaml(yaml);
  batch::Job job;
  FromValue(documents->front(), job);
  return job;
}

TEST(Journal, AJobIsRecordedWithTheLinesOfItsRulesAndWithoutItsEnvironment) {
  batch::Job job = Job(
      "metadata: {name: train, uid: u}\n"
      "spec:\n"
      "  backoffLimit: 2\n"
      "  podFailurePolicy:\n"
      "    rules:\n"
      "    - {action: FailJob, onExitCodes: {operator: In, values: [42]}}\n"
      "  template: {spec: {restartPolicy: OnFailure, containers: [{name: main, env: [{name: A, value: hunter2}]}]}}\n"
      "status: {failed: 1}\n");
  job.file = "train.yaml";
  const document::Value record = ObjectRecord(kNow, job);
  const std::string text = document::WriteJson(record);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  batch::Job read;
  FromValue(record["object"], read);
  TakeRuleLines(record, read);
  EXPECT_EQ(read.file, "train.yaml");
  EXPECT_EQ(read.spec->pod_failure_policy->rules.at(0).mark.line, 6U);
  EXPECT_EQ(read.spec->pod_template.spec->restart_policy, core::RestartPolicy::kOnFailure);
  EXPECT_EQ(read.status.failed, 1);
  EXPECT_EQ(*read.spec->backoff_limit, 2);
}

TEST(Journal, AJobSetIsRecordedWithTheLinesOfItsRules) {
  auto documents = document::ParseYaml(
      "metadata: {name: train, uid: u}\n"
      "spec:\n"
      "  failurePolicy:\n"
      "    maxRestarts: 3\n"
      "    rules:\n"
      "    - {name: r, action: FailJobSet}\n"
      "  replicatedJobs:\n"
      "  - {name: w, template: {spec: {template: {spec: {containers: [{name: main, env: [{value: hunter2}]}]}}}}}\n");
  jobset::JobSet jobset;
  FromValue(documents->front(), jobset);
  jobset.file = "set.yaml";
  const document::Value record = ObjectRecord(kNow, jobset);
  EXPECT_EQ(document::WriteJson(record).find("hunter2"), std::string::npos);
  jobset::JobSet read;
  FromValue(record["object"], read);
  TakeRuleLines(record, read);
  EXPECT_EQ(read.file, "set.yaml");
  EXPECT_EQ(read.spec->failure_policy->rules.at(0).mark.line, 6U);
}

}  // namespace
}  // namespace reprieve::world
