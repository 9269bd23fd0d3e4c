#include "sim/expectation.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "sim/testing.h"

namespace reprieve::sim {
namespace {

std::string Fault(const std::string& text) {
  const auto parsed = ParseExpectation(text);
  const auto* error = std::get_if<ExpectationError>(&parsed);
  return error == nullptr ? "" : Cat(text.substr(error->at, error->length), ": ", error->message);
}

class Expectations : public testing::Test {
 protected:
  // What is so instead; empty: the expectation holds.
  std::string Actual(const std::string& text) const {
    const auto parsed = ParseExpectation(text);
    const auto* expectation = std::get_if<Expectation>(&parsed);
    if (expectation == nullptr) return Fault(text);
    return Unmet(*expectation, run_->history()).value_or("");
  }

  void Play(const std::string& yaml, const std::vector<std::string>& incidents) {
    objects_.emplace(yaml);
    CaseOptions options;
    options.nodes = NodesThatFit(objects_->Get(), 4, {});
    run_.emplace(objects_->Get(), std::move(options));
    for (const std::string& text : incidents) run_->Schedule(std::get<world::Incident>(world::ParseIncident(text)));
    run_->Play(std::chrono::hours(24));
  }

  std::optional<TestObjects> objects_;
  std::optional<CaseRun> run_;
};

constexpr const char* kJobSet = R"(apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: train}
spec:
  failurePolicy:
    maxRestarts: 1
    rules:
    - {action: FailJobSet, onJobFailureReasons: [PodFailurePolicy]}
  replicatedJobs:
  - name: workers
    replicas: 2
    template:
      spec:
        completionMode: Indexed
        completions: 1
        parallelism: 1
        backoffLimit: 0
        podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}
        template: {spec: {restartPolicy: Never, containers: [{name: main, image: x}]}}
)";

TEST_F(Expectations, OfAJobThatCompletes) {
  Play(IndexedJob(), {"pod train-1 exits 3 at 10s"});
  EXPECT_EQ(Actual("Job train completes"), "");
  EXPECT_EQ(Actual("Job train completes by 2m"), "");
  EXPECT_EQ(Actual("Job train completes by 1m"), "Job train completes at 1m22s");
  EXPECT_EQ(Actual("Job train fails"), "Job train completes at 1m22s");
  EXPECT_EQ(Actual("Job train does not end"), "Job train completes at 1m22s");
  EXPECT_EQ(Actual("Job train does not end by 1m"), "");
  EXPECT_EQ(Actual("Job train is gone"), "Job train is still there");
  EXPECT_EQ(Actual("Job train is suspended"), "Job train is not suspended");
  EXPECT_EQ(Actual("Job other completes"), "Job other was never created");
  EXPECT_EQ(Actual("failures of train are 1"), "");
  EXPECT_EQ(Actual("failures of train are 2"), "failures of train are 1");
  EXPECT_EQ(Actual("successes of train are 3"), "");
  EXPECT_EQ(Actual("retries of train are 1"), "");
  EXPECT_EQ(Actual("pods of train are 4"), "");
  EXPECT_EQ(Actual("pods of train are 3"), "pods of train are 4");
  EXPECT_EQ(Actual("completed indexes of train are 0-2"), "");
  EXPECT_EQ(Actual("completed indexes of train are 0,1"), "completed indexes of train are 0-2");
  EXPECT_EQ(Actual("failed indexes of train are none"), "");
  EXPECT_EQ(Actual("no rule of train decides"), "");
  EXPECT_EQ(Actual("rule 1 of train decides"), "no rule of train decides");
  EXPECT_EQ(Actual("pod train-1 starts 2 times"), "");
  EXPECT_EQ(Actual("pod train-1 starts once"), "pod train-1 starts 2 times");
  EXPECT_EQ(Actual("pod train-1 starts by 500ms"), "pod train-1 starts at 1s");
  EXPECT_EQ(Actual("pod train-1 never starts"), "pod train-1 starts at 1s");
  EXPECT_EQ(Actual("pod train-7 starts"), "pod train-7 never starts");
  EXPECT_EQ(Actual("no pod starts after 30s"), "");
  EXPECT_TRUE(Actual("no pod starts after 12s").starts_with("pod train-1-")) << Actual("no pod starts after 12s");
  EXPECT_TRUE(Actual("no pod of train is created after 0s").ends_with(" is created at 20s"))
      << Actual("no pod of train is created after 0s");
}

TEST_F(Expectations, OfAJobSetThatRestartsAndFails) {
  Play(kJobSet, {"pod workers-0-0 exits 1 at 10s", "pod workers-1-0 exits 42 at 1m"});
  EXPECT_EQ(Actual("JobSet train fails because FailJobSet"), "");
  EXPECT_EQ(Actual("JobSet train fails because FailJobSetFailurePolicyAction"), "");
  EXPECT_EQ(Actual("JobSet train fails because ReachedMaxRestarts"),
            "JobSet train fails at 1m1s because FailJobSetFailurePolicyAction");
  EXPECT_EQ(Actual("restarts of train are 1"), "");
  EXPECT_EQ(Actual("restarts of train are 1 and 1 count"), "");
  EXPECT_EQ(Actual("restarts of train are 2 and 1 count"), "restarts of train are 1 and 1 counts");
  EXPECT_EQ(Actual("rule 1 of train decides once"), "");
  EXPECT_EQ(Actual("rule 1 of workers decides once"), "");
  EXPECT_EQ(Actual("rule 1 of workers-1 decides"), "");
  EXPECT_EQ(Actual("rule 1 of workers-0 decides"), "no rule of workers-0 decides");
  EXPECT_EQ(Actual("rule 1 of train never decides"), "rule 1 of train decides");
  EXPECT_EQ(Actual("pod workers-0-0 starts 2 times"), "");
}

TEST(Expectation, ErrorsPointAtTheWord) {
  EXPECT_EQ(Fault("Jbo train completes"),
            "Jbo: expected Job, JobSet, restarts, failures, successes, pods, retries, failed, completed, rule, no or "
            "pod");
  EXPECT_EQ(Fault("Job train finishes"), "finishes: expected completes, fails, does not end, is gone or is suspended");
  EXPECT_EQ(Fault("Job train completes in 3s"), "in 3s: nothing may follow here; give each expectation its own line");
  EXPECT_EQ(Fault("rule 0 of train decides"), "0: rules count from 1");
  EXPECT_EQ(Fault("restarts of train are many"), "many: expected a number");
  EXPECT_EQ(Fault("failed indexes of train are 3-1"),
            "3-1: expected indexes in the form of a Job's status, such as 1,3-5, or none");
  EXPECT_EQ(Fault("no pod starts"), ": expected after");
}

}  // namespace
}  // namespace reprieve::sim
