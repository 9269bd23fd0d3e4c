// A pod was deleted and replaced; it still succeeded, and its replacement failed for good. The index was then written
// as both completed and failed, which validation kept refusing: the Job hung. Found by property_test, seed 50264.
#include <gtest/gtest.h>

#include "controllers/job/view.h"

namespace reprieve {
namespace {

core::Pod PodOfIndex0(core::PodPhase phase) {
  core::Pod pod;
  pod.metadata.annotations.Set(batch::kCompletionIndex, "0");
  pod.metadata.finalizers.Add(batch::kTrackingFinalizer);
  pod.spec = std::make_shared<const core::PodSpec>();
  pod.status.phase = phase;
  return pod;
}

batch::Job IndexedJob() {
  batch::JobSpec spec;
  spec.completion_mode = batch::CompletionMode::kIndexed;
  spec.completions = 2;
  spec.backoff_limit_per_index = 0;
  spec.pod_template.spec = std::make_shared<const core::PodSpec>();
  batch::Job job;
  job.metadata.name = "j";
  job.spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  return job;
}

TEST(AnIndex, WithANewSuccessAndANewFailureIsCompleted) {
  const batch::Job job = IndexedJob();
  const core::Pod succeeded = PodOfIndex0(core::PodPhase::kSucceeded);
  const core::Pod failed = PodOfIndex0(core::PodPhase::kFailed);
  controllers::JobView view;
  view.SetJob(job);
  view.SetPod(failed);
  EXPECT_TRUE(view.failed().Contains(0));
  view.SetPod(succeeded);
  EXPECT_TRUE(view.succeeded().Contains(0));
  EXPECT_FALSE(view.failed().Contains(0));
}

TEST(AnIndex, ThatIsFailedInTheStatusStaysFailed) {
  batch::Job job = IndexedJob();
  job.status.failed_indexes = "0";
  const core::Pod succeeded = PodOfIndex0(core::PodPhase::kSucceeded);
  controllers::JobView view;
  view.SetJob(job);
  view.SetPod(succeeded);
  EXPECT_TRUE(view.failed().Contains(0));
  EXPECT_FALSE(view.succeeded().Contains(0));
}

}  // namespace
}  // namespace reprieve
