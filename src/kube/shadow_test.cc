#include "kube/shadow.h"

#include <gtest/gtest.h>

namespace reprieve::kube {
namespace {

template <class Condition>
Condition True(std::string type, std::string reason) {
  Condition out;
  out.type = std::move(type);
  out.status = "True";
  out.reason = std::move(reason);
  return out;
}

TEST(StatusDecision, AnInterimConditionDecidesWhatTheFinalOneRepeats) {
  using Condition = batch::JobCondition;
  batch::JobStatus interim, ended;
  interim.conditions = {True<Condition>("FailureTarget", "PodFailurePolicy")};
  ended.conditions = {True<Condition>("FailureTarget", "PodFailurePolicy"),
                      True<Condition>("Failed", "PodFailurePolicy")};
  EXPECT_EQ(DecisionOf(interim), DecisionOf(ended));
  EXPECT_EQ(DecisionOf(interim).end, "Failed: PodFailurePolicy");
  EXPECT_EQ(DecisionOf(batch::JobStatus()).end, "");
}

TEST(StatusDecision, RestartsOfAllAndOfSingleJobsAreToldApart) {
  jobset::JobSetStatus before, all, one;
  all.restarts = all.restarts_count_towards_max = 1;
  one.replicated_jobs_status.resize(1);
  one.replicated_jobs_status[0].job_restarts = {0, 2};
  const StatusDecision none = DecisionOf(before);
  EXPECT_EQ(Describe(DecisionOf(all), none), "restart 1 (1 counted)");
  EXPECT_EQ(Describe(DecisionOf(one), none), "restarts of single Jobs: 2, before 0");
  EXPECT_EQ(Describe(none, none), "nothing");
}

}  // namespace
}  // namespace reprieve::kube
