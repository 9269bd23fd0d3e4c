#include "controllers/job/view.h"

#include <gtest/gtest.h>

#include <list>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::controllers {
namespace {

core::Pod PodOfIndex0(int number) {
  core::Pod pod;
  core::FromValue(*document::ParseJson(Cat(R"({"metadata":{"name":"p)", number, R"(","uid":"u)", number,
                                           R"(","annotations":{"batch.kubernetes.io/job-completion-index":"0"},
                                           "finalizers":["batch.kubernetes.io/job-tracking"]},
                                           "spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running"}})")),
                  pod);
  return pod;
}

batch::Job IndexedJob() {
  batch::Job job;
  batch::FromValue(*document::ParseJson(R"({"metadata":{"name":"j","uid":"u"},"spec":{"completions":2,"parallelism":2,
      "completionMode":"Indexed","template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c"}]}}}})"),
                   job);
  return job;
}

// What an index has is packed while it is no more than three of each.
TEST(JobView, AnIndexMayHaveManyPods) {
  const batch::Job job = IndexedJob();
  JobView view;
  view.SetJob(job);
  std::list<core::Pod> pods;
  for (int i = 0; i < 6; ++i) {
    view.SetPod(pods.emplace_back(PodOfIndex0(i)));
    EXPECT_TRUE(view.HasActive(0));
    EXPECT_EQ(view.duplicated().size(), i > 0 ? 1U : 0U) << i;
  }
  for (std::size_t left = pods.size(); left > 0; --left) {
    EXPECT_TRUE(view.HasActive(0) && view.taken().Contains(0)) << left;
    EXPECT_EQ(view.duplicated().size(), left > 1 ? 1U : 0U) << left;
    view.RemovePod(pods.front());
    pods.pop_front();
  }
  EXPECT_FALSE(view.HasActive(0));
  EXPECT_TRUE(view.taken().empty());
}

// One that succeeds ends its index, however many others there are.
TEST(JobView, OfManyPodsOfAnIndexOneMaySucceed) {
  const batch::Job job = IndexedJob();
  JobView view;
  view.SetJob(job);
  std::list<core::Pod> pods;
  for (int i = 0; i < 5; ++i) view.SetPod(pods.emplace_back(PodOfIndex0(i)));
  pods.back().status.phase = core::PodPhase::kSucceeded;
  view.SetPod(pods.back());
  EXPECT_TRUE(view.succeeded().Contains(0));
  EXPECT_EQ(view.active().size(), 4U);
  EXPECT_EQ(view.TrackedLive().size(), 4U);
  EXPECT_EQ(view.accountable().size(), 1U);
}

}  // namespace
}  // namespace reprieve::controllers
