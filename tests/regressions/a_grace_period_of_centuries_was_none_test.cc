// A grace period over 9.2e9 seconds, which an API server accepts, overflowed as nanoseconds: the pod was killed at
// once.
#include <gtest/gtest.h>

#include <limits>

#include "kubelet/testing.h"

namespace reprieve {
namespace {

using namespace reprieve::kubelet::testing;

class AGracePeriodOfCenturies : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(AtTheBorder, AGracePeriodOfCenturies,
                         ::testing::Values(9223372036, 9223372037, std::numeric_limits<std::int64_t>::max()));

TEST_P(AGracePeriodOfCenturies, IsLongForAPodThatIsOverItsDeadline) {
  core::PodSpec spec = ASpec(core::RestartPolicy::kNever, {AContainer("main")});
  spec.termination_grace_period_seconds = GetParam();
  spec.active_deadline_seconds = 2;
  Rehearsal pod(std::move(spec));
  pod.Done();
  pod.Wait(2);
  EXPECT_EQ(pod.Done(), "stop main 3153600000");
}

TEST_P(AGracePeriodOfCenturies, IsLongForAPodWithALongDeadline) {
  core::PodSpec spec = ASpec(core::RestartPolicy::kNever, {AContainer("main")});
  spec.active_deadline_seconds = GetParam();
  Rehearsal pod(std::move(spec));
  pod.Done();
  pod.Wait(3600);
  EXPECT_EQ(pod.Done(), "");
}

}  // namespace
}  // namespace reprieve
