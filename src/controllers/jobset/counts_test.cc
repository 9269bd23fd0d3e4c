#include <gtest/gtest.h>

#include "controllers/jobset/reconcile.h"
#include "document/json.h"

namespace reprieve::controllers {
namespace {

template <class T>
T Read(std::string_view text) {
  T out;
  FromValue(*document::ParseJson(text), out);
  return out;
}

constexpr Time kNow{Seconds(1'000'000)};

class CountsTest : public ::testing::Test {
 protected:
  CountsTest() { surroundings_.counts_from = kNow + Seconds(1); }

  // The stored status is that of a JobSet whose Job is not active yet.
  JobSetDecision Decide(std::string_view job_status, Time now = kNow) {
    jobset_ = Read<jobset::JobSet>(R"({"metadata":{"name":"js","namespace":"n","uid":"u","resourceVersion":"1"},
        "spec":{"network":{"enableDNSHostnames":false},"replicatedJobs":[{"name":"w","replicas":1,"template":{"spec":{
            "template":{"spec":{"containers":[{"name":"c"}]}}}}}]},
        "status":{"restarts":0,"replicatedJobsStatus":[
            {"name":"w","ready":0,"succeeded":0,"failed":0,"active":0,"suspended":0}]}})");
    job_ = Read<batch::Job>(R"({"metadata":{"name":"js-w-0","namespace":"n","uid":"j","labels":{
            "jobset.sigs.k8s.io/jobset-name":"js","jobset.sigs.k8s.io/replicatedjob-name":"w",
            "jobset.sigs.k8s.io/job-index":"0","jobset.sigs.k8s.io/restart-attempt":"0"},
        "ownerReferences":[{"apiVersion":"jobset.x-k8s.io/v1alpha2","kind":"JobSet","name":"js","uid":"u","controller":true}]},
        "spec":{"parallelism":1,"template":{"spec":{"containers":[{"name":"c"}]}}}})");
    model::FromValue(*document::ParseJson(job_status), job_.status);
    JobSetView view{model::FeatureGates{}};
    view.SetJobSet(jobset_);
    view.SetChild(job_);
    return ReconcileJobSet(view, surroundings_, now);
  }

  JobSetSurroundings surroundings_;
  jobset::JobSet jobset_;
  batch::Job job_;
};

TEST_F(CountsTest, WaitWhereNothingElseDiffers) {
  const JobSetDecision decision = Decide(R"({"active":1})");
  EXPECT_FALSE(decision.writes_status);
  EXPECT_EQ(decision.plan.requeue_at, surroundings_.counts_from);
}

TEST_F(CountsTest, AreWrittenOnceTheirTimeHasCome) {
  EXPECT_TRUE(Decide(R"({"active":1})", surroundings_.counts_from).writes_status);
  surroundings_.counts_from = JobSetSurroundings().counts_from;
  EXPECT_TRUE(Decide(R"({"active":1})").writes_status);
}

TEST_F(CountsTest, DoNotHoldADecision) {
  const JobSetDecision decision = Decide(
      R"({"failed":1,"conditions":[{"type":"Failed","status":"True","reason":"BackoffLimitExceeded",
          "lastTransitionTime":"1970-01-01T00:00:01Z"}]})");
  EXPECT_TRUE(decision.writes_status);
  EXPECT_EQ(decision.outcome.end, JobSetEnd::kFailed);
}

}  // namespace
}  // namespace reprieve::controllers
