// The status of a running init container had `ready: true`. The kubelet sets it only for init containers that have
// succeeded, and for sidecars. Found by reading the kubelet's rules for probes.
#include <gtest/gtest.h>

#include "kubelet/pod_worker.h"
#include "model/testing.h"

namespace reprieve::kubelet {
namespace {

TEST(AnInitContainer, IsReadyOnceItHasSucceededAndNotWhileItRuns) {
  const Time now{Seconds(1'700'000'000)};
  PodWorker worker({"ns", "pod", "uid"},
                   testing::Shared(testing::ASpec(core::RestartPolicy::kNever, {testing::AContainer("main")},
                                                  {testing::AContainer("init")})),
                   now);
  core::PodStatus status;
  ASSERT_EQ(worker.Next(now).start.size(), 1U);
  worker.Started(0, now);
  worker.WriteStatus(now, status);
  EXPECT_FALSE(status.init_container_statuses.front().ready);
  EXPECT_EQ(status.init_container_statuses.front().started, true);
  worker.Exited(0, {0, "Completed", "", now, now}, now);
  worker.WriteStatus(now, status);
  EXPECT_TRUE(status.init_container_statuses.front().ready);
}

}  // namespace
}  // namespace reprieve::kubelet
