// A pod that is deleted counts as failed; this one succeeded before the next sync. It was still reported as a failure,
// by then without a judgement (a null pointer). Found by property_test.
#include <gtest/gtest.h>

#include "controllers/job/reconcile.h"
#include "controllers/job/view.h"

namespace reprieve {
namespace {

TEST(ADeletedPod, ThatSucceededIsNotReportedAsFailed) {
  batch::JobSpec spec;
  spec.completions = 1;
  spec.parallelism = 1;
  spec.pod_template.spec = std::make_shared<const core::PodSpec>();
  batch::Job job;
  job.metadata.name = "j";
  job.spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  core::Pod pod;
  pod.metadata.name = "j-x2x4z";
  pod.metadata.finalizers.Add(batch::kTrackingFinalizer);
  pod.spec = job.spec->pod_template.spec;
  pod.status.phase = core::PodPhase::kRunning;

  controllers::JobView view;
  view.SetJob(job);
  pod.metadata.EditDeletion().timestamp = Time{};
  view.SetPod(pod);
  EXPECT_EQ(view.unreported().size(), 1U);
  pod.status.phase = core::PodPhase::kSucceeded;
  view.SetPod(pod);
  EXPECT_TRUE(view.unreported().empty());
  EXPECT_TRUE(controllers::ReconcileJob(view, {}, Time{}, {}).plan.verdicts.empty());
}

}  // namespace
}  // namespace reprieve
